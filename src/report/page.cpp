// Owns the shell of HTML pages: head, policy, scripts, and data that cannot leave its element.
// Refuses to know what a page shows, and to load anything from anywhere.
#include "page.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ostream>
#include <streambuf>
#include <string>

#include "page_assets.hpp"
#include "roofline/base/sha256.hpp"
#include "roofline/data/xml.hpp"

namespace roofline::report {
namespace {

constexpr std::size_t kPageFlushBytes = std::size_t{64} << 10U;

/// Passes JSON on without its layout, and with whatever HTML or JavaScript could read as markup
/// escaped. In JSON all of that is inside of strings, where \u escapes mean the same.
class ScriptDataBuffer : public std::streambuf {
 public:
  explicit ScriptDataBuffer(std::ostream& out) : out_(out) {}
  ~ScriptDataBuffer() override { flush(); }
  ScriptDataBuffer(const ScriptDataBuffer&) = delete;
  ScriptDataBuffer& operator=(const ScriptDataBuffer&) = delete;
  ScriptDataBuffer(ScriptDataBuffer&&) = delete;
  ScriptDataBuffer& operator=(ScriptDataBuffer&&) = delete;

 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    for (const char c : std::string_view(text, static_cast<std::size_t>(size))) put(c);
    return size;
  }
  int_type overflow(int_type c) override {
    if (!traits_type::eq_int_type(c, traits_type::eof())) put(traits_type::to_char_type(c));
    return traits_type::not_eof(c);
  }

 private:
  void put(char c) {
    const bool indents = in_layout_ && c == ' ';
    in_layout_ = indents || c == '\n';
    if (in_layout_) return;
    if (c == '<' || c == '>' || c == '&') {
      text_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      return;
    }
    // Only in front of ASCII: a character of several bytes is whole in the buffer.
    if (text_.size() >= kPageFlushBytes && static_cast<unsigned char>(c) < 0x80) flush();
    text_ += c;
    if (c == '\xA8') replace_ending("\xE2\x80\xA8", "\\u2028");
    if (c == '\xA9') replace_ending("\xE2\x80\xA9", "\\u2029");
  }
  void replace_ending(std::string_view from, std::string_view to) {
    if (!text_.ends_with(from)) return;
    text_.resize(text_.size() - from.size());
    text_ += to;
  }
  void flush() {
    out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
    text_.clear();
  }

  std::ostream& out_;
  std::string text_;
  bool in_layout_ = false;
};

/// RFC 4648 of the bytes that hexadecimal digits stand for.
std::string base64(std::string_view hex) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (; !hex.empty(); hex.remove_prefix(std::min<std::size_t>(6, hex.size()))) {
    const std::string_view piece = hex.substr(0, 6);  // 3 bytes, 4 characters
    std::uint32_t bits = 0;
    std::from_chars(piece.data(), piece.data() + piece.size(), bits, 16);
    bits <<= 4U * (6U - static_cast<unsigned>(piece.size()));
    const std::size_t characters = piece.size() / 2 + 1;
    for (std::size_t i = 0; i < 4; ++i) {
      result += i < characters ? kAlphabet[bits >> (18U - 6U * i) & 0x3FU] : '=';
    }
  }
  return result;
}

/// The source of a Content-Security-Policy that allows this inline text and no other.
std::string allowed(std::string_view text) {
  Sha256 digest;
  digest.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return fmt::format("'sha256-{}'", base64(digest.hex()));
}

}  // namespace

void write_page(std::string_view title, View view,
                const std::function<void(std::ostream&)>& write_data, std::ostream& out) {
  const std::array scripts = {
      assets::kChartScript, assets::kCommonScript,
      view == View::kAnalysis ? assets::kAnalysisScript : assets::kSweepScript};
  std::string policy = "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:";
  policy += "; style-src " + allowed(assets::kStyle) + "; script-src";
  for (const std::string_view script : scripts) policy += " " + allowed(script);
  out << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      << "<meta http-equiv=\"Content-Security-Policy\" content=\"" << policy << "\">\n"
      << "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      << "<link rel=\"icon\" href=\"data:,\">\n"  // or browsers ask a server for one
      << "<title>" << data::xml_text(title) << "</title>\n"
      << "<style>" << assets::kStyle << "</style>\n</head>\n<body>\n"
      << "<noscript>This page draws its charts and tables with JavaScript.</noscript>\n"
      << "<script type=\"application/json\" id=\"data\">";
  {
    ScriptDataBuffer buffer(out);
    std::ostream data(&buffer);
    write_data(data);
  }
  out << "</script>\n";
  for (const std::string_view script : scripts) out << "<script>" << script << "</script>\n";
  out << "</body>\n</html>\n";
}

}  // namespace roofline::report
