// Owns `roofline strip`.
// Refuses to overwrite the model it reads.
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <ostream>

#include "command.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/onnx_io/onnx_io.hpp"

namespace roofline::cli {
namespace {

ExitCode run_strip(const Arguments& arguments, const Streams& streams) {
  const std::string& model = arguments.positionals.front();
  const std::string* output = arguments.one("--output");
  if (!output)
    throw usage_error("roofline strip: -o FILE is missing", "a copy is written, MODEL stays");
  const auto size = static_cast<double>(onnx_io::strip(model, *output));
  std::error_code unknown;
  const auto before = static_cast<double>(std::filesystem::file_size(model, unknown));
  streams.out << fmt::format("{}: {}", printable(*output), format_quantity(size, Unit::kByte));
  if (!unknown) streams.out << fmt::format(" of {}", format_quantity(before, Unit::kByte));
  streams.out << ", every cost as before\n";
  return ExitCode::kOk;
}

constexpr std::array kStripOptions = {
    OptionSpec{.group = "output",
               .name = "--output",
               .value = "FILE",
               .help = "where to write the stripped model",
               .short_name = "-o"},
};

}  // namespace

const Command kStripCommand{"strip",
                            "MODEL",
                            "remove a model's weights; every cost stays the same",
                            kStripOptions,
                            "roofline strip resnet50.onnx -o resnet50_stripped.onnx",
                            run_strip};

}  // namespace roofline::cli
