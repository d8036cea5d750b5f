// Owns `extends`: finding the profile a variant starts from, and merging the variant over it.
// Refuses cycles, and knows no field beyond the rules of merging.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include "profile_internal.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"

namespace roofline::hardware {
namespace {

namespace fs = std::filesystem;
using data::YamlNode;

/// A number with its source: replaced as a whole, or a variant's number would keep the old note.
bool is_fact(const YamlNode& node) { return node.is_map() && node.find("value") != nullptr; }

const std::string* name_of(const YamlNode& node) {
  if (!node.is_map()) return nullptr;
  const YamlNode* name = node.find("name");
  return name != nullptr && name->is_scalar() ? &name->text() : nullptr;
}

bool is_named_list(const YamlNode& node) {
  if (!node.is_sequence()) return false;
  const auto& items = node.items();
  return std::all_of(items.begin(), items.end(),
                     [](const YamlNode& item) { return name_of(item) != nullptr; });
}

std::size_t index_of_name(const YamlNode& list, const std::string& name) {
  const auto& items = list.items();
  const auto it = std::find_if(items.begin(), items.end(),
                               [&](const YamlNode& item) { return *name_of(item) == name; });
  return static_cast<std::size_t>(it - items.begin());
}

void refuse_repeated_names(const YamlNode& list) {
  if (!is_named_list(list)) return;
  std::unordered_set<std::string> seen;
  for (const YamlNode& item : list.items()) {
    const std::string& name = *name_of(item);
    if (seen.insert(name).second) continue;
    item.fail("duplicate-name",
              fmt::format("'{}' has two entries named '{}'", list.path(), printable(name)),
              "rename one, or remove it");
  }
}

/// An entry new to the base goes right after the entry listed before it: the order of memory levels
/// is nearest first.
YamlNode merge_named_lists(YamlNode base, const YamlNode& over) {
  std::size_t next = 0;
  for (const YamlNode& item : over.items()) {
    const std::size_t found = index_of_name(base, *name_of(item));
    if (found == base.items().size()) {
      base.insert_item(next++, item);
    } else {
      base.child(found) = merge(std::move(base.child(found)), item);
      next = found + 1;
    }
  }
  return base;
}

YamlNode merge_maps(YamlNode base, const YamlNode& over) {
  for (std::size_t i = 0; i < over.keys().size(); ++i) {
    const auto& keys = base.keys();
    const auto it = std::find(keys.begin(), keys.end(), over.keys()[i]);
    const auto index = static_cast<std::size_t>(it - keys.begin());
    if (index == keys.size()) {
      base.add_member(over.keys()[i], over.values()[i]);
    } else if (over.values()[i].is_null()) {
      base.erase_member(index);
    } else {
      base.child(index) = merge(std::move(base.child(index)), over.values()[i]);
    }
  }
  return base;
}

}  // namespace

YamlNode merge(YamlNode base, const YamlNode& over) {
  if (base.is_map() && over.is_map() && !is_fact(base) && !is_fact(over)) {
    return merge_maps(std::move(base), over);
  }
  if (is_named_list(base) && is_named_list(over)) return merge_named_lists(std::move(base), over);
  return over;
}

namespace {

/// Files that `extends: id` may mean, nearest first.
std::vector<fs::path> candidates(const std::string& id, const fs::path& from) {
  std::vector<fs::path> files = {from.parent_path() / (id + ".yaml")};
  for (const std::string& directory : search_path())
    files.push_back(fs::path(directory) / (id + ".yaml"));
  return files;
}

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::equivalent(a, b, ignored);
}

/// The file named by `extends`. A profile may extend the shipped one whose id it shadows, so the
/// file itself is passed over.
fs::path base_file(const YamlNode& extends, const fs::path& from) {
  const std::string& id = extends.text();
  if (id.find('/') != std::string::npos || id.empty()) {
    extends.fail("bad-value", fmt::format("'extends' is '{}'; expected an id", printable(id)),
                 "put both files in one directory and name the other file without '.yaml'");
  }
  bool found_itself = false;
  for (const fs::path& file : candidates(id, from)) {
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) continue;
    if (!same_file(file, from)) return file;
    found_itself = true;
  }
  if (found_itself) {
    extends.fail("extends-cycle", fmt::format("'{}' extends itself", id),
                 "remove 'extends', or name another profile");
  }
  extends.fail("unknown-hardware",
               fmt::format("'extends' names '{}', which is neither beside this file nor on the "
                           "search path",
                           printable(id)),
               unknown_id_hint(id));
}

void refuse_cycle(const YamlNode& extends, const fs::path& base,
                  const std::vector<fs::path>& chain) {
  const auto it = std::find_if(chain.begin(), chain.end(),
                               [&](const fs::path& file) { return same_file(file, base); });
  if (it == chain.end()) return;
  std::string text;
  for (auto file = it; file != chain.end(); ++file) text += file->stem().string() + " -> ";
  extends.fail("extends-cycle", "profiles extend each other: " + text + base.stem().string(),
               "remove one of these 'extends'");
}

YamlNode resolve(YamlNode tree, std::vector<fs::path>& chain) {
  for (const char* list : {"units", "memory"}) {
    const YamlNode* node = tree.find(list);
    if (node != nullptr) refuse_repeated_names(*node);
  }
  const YamlNode* extends = tree.find("extends");
  if (extends == nullptr) return tree;
  // A variant that inherited its identity could not be told from the original in a report.
  (void)tree.at("id", "a variant needs an id of its own");
  (void)tree.at("name", "a variant needs a name of its own");
  const fs::path base = base_file(*extends, chain.back());
  refuse_cycle(*extends, base, chain);
  chain.push_back(base);
  YamlNode resolved = resolve(data::parse_yaml_file(base.string()), chain);
  const auto& keys = tree.keys();
  tree.erase_member(
      static_cast<std::size_t>(std::find(keys.begin(), keys.end(), "extends") - keys.begin()));
  return merge(std::move(resolved), tree);
}

}  // namespace

YamlNode resolve_extends(YamlNode tree, const std::string& path) {
  std::vector<fs::path> chain = {path};
  return resolve(std::move(tree), chain);
}

}  // namespace roofline::hardware
