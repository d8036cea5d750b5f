#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/hardware/profile.hpp"

namespace roofline::hardware {

/// What stands for the machine that is analysed, where a list of devices does not name it.
inline constexpr std::string_view kThisMachine = "machine";

/// Largest sizes that a device takes; what is above runs elsewhere.
struct BackendLimits {
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  std::int64_t batch = kNone;   ///< first axis
  std::int64_t axis = kNone;    ///< any other axis
  std::int64_t rank = kNone;    ///< number of axes
  std::int64_t kernel = kNone;  ///< of a convolution, along any axis
  std::int64_t stride = kNone;  ///< likewise
};

/// A device of a list, and what runs on it.
struct Backend {
  std::string hardware;                  ///< id of a profile, or kThisMachine
  std::vector<std::string> ops = {};     ///< ONNX operators that it runs; empty: all
  std::vector<std::string> except = {};  ///< and those that it does not
  std::vector<ir::DType> dtypes = {};    ///< of activations that it takes; empty: any
  BackendLimits limits = {};
  int least_steps = 1;  ///< of a subgraph: smaller ones are not worth the way there and back
  /// Nothing is left to others: the last device of a list.
  [[nodiscard]] bool takes_all() const;
};

/// The way between two devices, in either direction.
struct Link {
  std::string a;
  std::string b;
  Fact bytes_per_s;  ///< of a tensor that changes devices
  Fact latency_s;    ///< for each tensor, before its bytes go
};

/// Devices that share a model, in order of preference, and what lies between them.
struct Backends {
  std::string id;
  std::string name;
  std::string path;              ///< file it was read from
  std::vector<Backend> devices;  ///< two or more; the last one takes all
  std::vector<Link> links;       ///< one for each two devices
  std::map<std::string, std::string> sources;

  /// Of two devices of the list.
  [[nodiscard]] const Link& link(std::string_view a, std::string_view b) const;
};

/// From YAML text; `path` is for messages. Throws Error with file:line:column.
[[nodiscard]] Backends load_backends_text(std::string_view yaml, const std::string& path);
/// A file, or NAME.yaml in a directory `backends` of the search path. Throws Error (kUsage,
/// "unknown-backends") with "did you mean".
[[nodiscard]] Backends find_backends(const std::string& name_or_path);
/// Names of every list on the search path, sorted.
[[nodiscard]] std::vector<std::string> list_backends();

}  // namespace roofline::hardware
