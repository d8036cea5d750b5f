#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "roofline/base/units.hpp"

namespace roofline {

/// An argument that a kind of scenario takes: KEY=VALUE, or VALUE alone where `key` is empty.
struct ScenarioArgument {
  std::string_view key;
  std::string_view value;  ///< what stands for it in help: "RATIO"
  std::string_view help;
  bool repeatable = false;
  bool required = false;
};

/// A kind of what-if: all that help, completion and checks of arguments need.
struct ScenarioKind {
  std::string_view name;
  std::string_view summary;  ///< one line, what is done to the model, its plan or the machine
  std::span<const ScenarioArgument> arguments = {};
  /// The model's results change by more than the order of sums does: whether it is still accurate
  /// enough has to be measured.
  bool changes_results = false;
  bool needs_training = false;  ///< and will not be, unless the model is trained again
};
/// "prune:RATIO[,node=NAME]...": how the scenario is asked for.
[[nodiscard]] std::string usage(const ScenarioKind& kind);

/// One what-if that was asked for: NAME, or NAME:ARGUMENT[,ARGUMENT]...
/// Readers throw Error (kUsage, "bad-scenario") for values that are none.
class Scenario {
 public:
  /// Throws Error (kUsage).
  [[nodiscard]] static Scenario parse(std::string_view text);
  Scenario(std::string name, std::vector<std::pair<std::string, std::string>> arguments);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// As it was asked for: "prune:0.5,class=conv".
  [[nodiscard]] std::string text() const;
  /// Throws Error (kUsage) for arguments that the kind does not take, or that are missing.
  void check(const ScenarioKind& kind) const;

  [[nodiscard]] bool has(std::string_view key) const { return one(key) != nullptr; }
  /// The value of an argument, nullptr when it was not given.
  [[nodiscard]] const std::string* one(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view key) const;
  /// A number in [least, most]; `otherwise` where it was not given.
  [[nodiscard]] double number(std::string_view key, double otherwise, double least,
                              double most) const;
  [[nodiscard]] std::int64_t integer(
      std::string_view key, std::int64_t otherwise, std::int64_t least,
      std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
  /// Bytes as in "512 KiB"; `otherwise` where it was not given.
  [[nodiscard]] double bytes(std::string_view key, double otherwise) const;
  /// Seconds as in "2.5 us"; `otherwise` where it was not given.
  [[nodiscard]] double seconds(std::string_view key, double otherwise) const;
  /// One of `names`; `otherwise` where it was not given.
  [[nodiscard]] std::string choice(std::string_view key, std::string_view otherwise,
                                   std::span<const std::string_view> names) const;
  /// "yes" or "no"; no by default.
  [[nodiscard]] bool yes(std::string_view key) const;

  bool operator==(const Scenario&) const = default;

 private:
  [[nodiscard]] double quantity(std::string_view key, double otherwise, Unit unit,
                                std::string_view example) const;

  std::string name_;
  std::vector<std::pair<std::string, std::string>> arguments_;  ///< key and value
};

/// An Error of exit code kUsage about a scenario.
[[noreturn]] void fail_scenario(const Scenario& scenario, std::string message,
                                std::string hint = {});

/// What a scenario did to a node, or why it left it alone.
struct Finding {
  std::string node_id;
  std::string node;  ///< its name
  std::string what;  ///< "64 -> 32 channels out", "stride 2: Winograd needs 1"
};

/// What became of a scenario.
struct Outcome {
  std::vector<Finding> changed;
  std::vector<Finding> refused;       ///< nodes that it is about, but whose conditions do not hold
  std::vector<std::string> warnings;  ///< what it costs or risks beyond time
  double items = 1;                   ///< in a run, over those before: what times are divided by
};

}  // namespace roofline
