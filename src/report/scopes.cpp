// Owns the choice of scopes that a model's names are summed by.
// Refuses to know what is summed.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "names.hpp"
#include "roofline/base/text.hpp"
#include "rows.hpp"

namespace roofline::report {
namespace {

/// More groups than this are no summary; a scope is not opened if they would be.
constexpr std::size_t kManyGroups = 40;
constexpr double kOpenAbove = 0.5;  ///< share of the total above which a scope is opened
constexpr std::size_t kMaxDepth = 16;

struct Scope {
  double weight = 0;
  bool closed = false;
  std::vector<std::size_t> members;
};
using Scopes = std::map<std::string, Scope>;

/// Directories of a name: all parts but the last.
std::vector<std::string_view> directories(std::string_view name) {
  std::vector<std::string_view> parts = path_parts(name);
  if (!parts.empty()) parts.pop_back();
  return parts;
}

std::string prefix(const std::vector<std::string_view>& parts, std::size_t depth) {
  std::string text;
  for (std::size_t i = 0; i < std::min(depth, parts.size()); ++i) {
    if (i > 0) text += '/';
    text += parts[i];
  }
  return text;
}

std::size_t depth_of(const std::string& scope) {
  return scope.empty() ? 0 : split(scope, '/').size();
}

}  // namespace

std::vector<std::string> scopes(const std::vector<std::string_view>& names,
                                const std::vector<double>& weights) {
  std::vector<std::vector<std::string_view>> paths;
  paths.reserve(names.size());
  for (const std::string_view name : names) paths.push_back(directories(name));
  Scopes open;
  Scope& root = open[""];
  double total = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    root.members.push_back(i);
    total += weights[i];
  }
  root.weight = total;
  while (true) {
    const auto heaviest = std::find_if(open.begin(), open.end(), [&](const auto& entry) {
      return !entry.second.closed && (entry.second.members.size() == names.size() ||
                                      entry.second.weight > kOpenAbove * total);
    });
    if (heaviest == open.end()) break;
    const std::size_t depth = depth_of(heaviest->first) + 1;
    Scopes inner;
    for (const std::size_t i : heaviest->second.members) {
      Scope& scope = inner[prefix(paths[i], depth)];
      scope.weight += weights[i];
      scope.members.push_back(i);
    }
    heaviest->second.closed = true;
    const bool same = inner.size() == 1 && inner.begin()->first == heaviest->first;
    const bool too_many = depth > 1 && open.size() + inner.size() > kManyGroups;
    if (same || too_many || depth > kMaxDepth) continue;
    // Members that lie directly in the opened scope stay under its name, which is not opened again.
    const std::string name = heaviest->first;
    open.erase(heaviest);
    for (auto& [key, scope] : inner) {
      scope.closed = key == name;
      open.insert_or_assign(key, std::move(scope));
    }
  }
  std::vector<std::string> chosen(names.size());
  for (const auto& [name, scope] : open) {
    for (const std::size_t i : scope.members) chosen[i] = name;
  }
  return chosen;
}

}  // namespace roofline::report
