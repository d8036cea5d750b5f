// Owns turning YAML text into a YamlNode tree; the only file that knows yaml-cpp.
// Refuses what makes YAML surprising: anchors, tags, several documents, duplicate keys.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <optional>
#include <sstream>
#include <unordered_set>

#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"
#include "roofline/data/text_file.hpp"
#include "roofline/data/yaml.hpp"

namespace roofline::data {
namespace {

using File = std::shared_ptr<const std::string>;

std::string location_of(const File& file, const YAML::Mark& mark) {
  if (mark.line < 0) return *file;
  return fmt::format("{}:{}:{}", *file, mark.line + 1, mark.column + 1);
}

/// Builds the tree from yaml-cpp's events: unlike its own tree, these keep every duplicate key, and
/// the depth is checked before anything is allocated.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(File file) : file_(std::move(file)) {}

  /// The document; nullopt for one without content.
  [[nodiscard]] std::optional<YamlNode> take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(leaf(YamlNode::Kind::kNull, mark, "", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(mark, "an alias (*name)", "write the value out, or use `extends` where there is one");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (expects_key()) return take_key(mark, value);
    YamlNode node = leaf(YamlNode::Kind::kScalar, mark, tag, anchor);
    node.set_text(value);
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(leaf(YamlNode::Kind::kSequence, mark, tag, anchor), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(leaf(YamlNode::Kind::kMap, mark, tag, anchor), mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    std::optional<std::string> key = std::nullopt;  ///< of a map: the key whose value comes next
    YAML::Mark key_mark = {};
    std::unordered_set<std::string> keys = {};  ///< of a map: those seen
  };

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().node.is_map() && !open_.back().key;
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string_view what,
                           std::string hint = {}) const {
    throw Error("yaml-unsupported", location_of(file_, mark),
                fmt::format("found {}, which is not supported here", what), std::move(hint));
  }

  void take_key(const YAML::Mark& mark, const std::string& key) {
    if (!open_.back().keys.insert(key).second) {
      throw Error("duplicate-key", location_of(file_, mark),
                  fmt::format("the key '{}' is given twice in the same mapping",
                              ellipsize(printable(key), 60)),
                  "remove one of the two");
    }
    open_.back().key = key;
    open_.back().key_mark = mark;
  }

  [[nodiscard]] std::string next_path() const {
    if (open_.empty()) return {};
    const Frame& parent = open_.back();
    const std::string& path = parent.node.path();
    if (parent.node.is_sequence()) return fmt::format("{}[{}]", path, parent.node.items().size());
    return path.empty() ? *parent.key : path + "." + *parent.key;
  }

  /// A node without content; refuses anchors, tags and keys that are not scalars.
  [[nodiscard]] YamlNode leaf(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
                              YAML::anchor_t anchor) {
    if (anchor != 0) refuse(mark, "an anchor (&name)", "write the value out where it is needed");
    // yaml-cpp gives "?" to plain and "!" to quoted scalars.
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "a tag (!name)", "remove it");
    if (expects_key()) refuse(mark, "a key that is not plain text");
    // Lookups are linear: this bounds what a file made of keys alone can cost.
    if (++nodes_ > kMaxYamlNodes) {
      throw Error("yaml-limit", location_of(file_, mark),
                  fmt::format("the file has more than {} values", kMaxYamlNodes));
    }
    return {kind, file_, mark.line + 1, mark.column + 1, next_path()};
  }

  void open(YamlNode node, const YAML::Mark& mark) {
    if (open_.size() >= kMaxYamlDepth) {
      throw Error("yaml-limit", location_of(file_, mark),
                  fmt::format("nesting is deeper than {} levels", kMaxYamlDepth));
    }
    open_.push_back(Frame{std::move(node)});
  }

  void close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& parent = open_.back();
    if (parent.node.is_sequence()) return parent.node.add_item(std::move(node));
    node.set_key_position(parent.key_mark.line + 1, parent.key_mark.column + 1);
    parent.node.add_member(std::move(*parent.key), std::move(node));
    parent.key.reset();
  }

  File file_;
  std::vector<Frame> open_;
  std::optional<YamlNode> root_;
  std::size_t nodes_ = 0;
};

std::optional<YamlNode> build_tree(std::string_view text, const File& file) {
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    TreeBuilder builder(file);
    if (!parser.HandleNextDocument(builder)) return std::nullopt;
    std::optional<YamlNode> root = builder.take();
    TreeBuilder second(file);
    if (parser.HandleNextDocument(second)) {
      throw Error("yaml-unsupported", *file, "found a second document; expected one a file",
                  "remove the '---' line and what follows it");
    }
    return root;
  } catch (const YAML::Exception& e) {
    throw Error("yaml-syntax", location_of(file, e.mark), fmt::format("not valid YAML: {}", e.msg),
                "look for a missing quote, colon or closing bracket on this line or the one above");
  }
}

}  // namespace

YamlNode parse_yaml(std::string_view text, const std::string& file) {
  if (text.size() > kMaxYamlBytes) {
    throw Error(
        "yaml-limit", file,
        fmt::format("the file has {} bytes; expected at most {}", text.size(), kMaxYamlBytes));
  }
  std::optional<YamlNode> root = build_tree(text, std::make_shared<const std::string>(file));
  if (!root) throw Error("yaml-syntax", file, "the file is empty; expected a YAML mapping");
  return *std::move(root);
}

YamlNode parse_yaml_file(const std::string& path) {
  return parse_yaml(read_text_file(path, kMaxYamlBytes), path);
}

}  // namespace roofline::data
