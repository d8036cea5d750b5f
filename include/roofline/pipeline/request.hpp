#pragma once
#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "roofline/ir/tensor_type.hpp"
#include "roofline/onnx_io/write.hpp"
#include "roofline/report/request.hpp"
#include "roofline/report/run.hpp"

namespace roofline {

/// A machine that stages run on.
struct RequestDevice {
  std::string name;
  report::Run run;       ///< hardware, runtime, precision and threads
  std::string location;  ///< "file:line:column"
};

/// What a file says of the way between two devices.
struct RequestLink {
  std::array<std::size_t, 2> between = {};  ///< indices of devices, ascending
  std::optional<double> bytes_per_s = {};   ///< nullopt: as the profiles say
  double latency_s = 0;                     ///< of each copy
  bool zero_copy = false;                   ///< one memory: nothing is copied
};

/// One stage of a request. What it reads is what the stages before it hand on.
struct RequestStage {
  struct Arrival {};  ///< the request's input, where it arrives
  struct Model {
    report::Run run;  ///< on the stage's device
  };
  /// A model of the ONNX operators that do it, given what one run reads.
  struct Operation {
    std::function<onnx_io::ModelSketch(const ir::TensorType&)> sketch;
    bool takes_input = true;  ///< false: the file says all of it
  };
  struct Copy {};  ///< to the stage's device
  struct Custom {
    Count flops = 0, read_bytes = 0, write_bytes = 0;
  };
  struct Measured {
    double seconds = 0;
  };

  std::string name;
  std::string kind;  ///< key of what it does: "model", "resize"; "input"
  std::size_t device = 0;
  std::vector<std::size_t> after = {};  ///< indices of stages, all of them smaller
  double runs = 1;                      ///< mean number in one request
  std::variant<Arrival, Model, Operation, Copy, Custom, Measured> work = {};
  std::optional<ir::TensorType> input = {};   ///< of one run, where the file says it
  std::optional<ir::TensorType> output = {};  ///< the same
  std::string location = {};                  ///< "file:line:column"
};

/// A request file (docs/request.md): one request's way from input to answer.
struct RequestFile {
  std::string path;
  std::string name = {};
  std::vector<RequestDevice> devices = {};
  std::vector<RequestLink> links = {};
  std::vector<RequestStage> stages = {};  ///< in the order they run; the first one is the input
};

/// Paths in the file are relative to it; those returned to the working directory. Throws Error with
/// file:line:column.
[[nodiscard]] RequestFile read_request(std::string_view text, const std::string& path);
/// Throws Error "unreadable-file" as well.
[[nodiscard]] RequestFile read_request_file(const std::string& path);

/// Prices every stage with analyze(). Errors of models are among the report's diagnostics. Throws
/// Error when it cannot go on.
[[nodiscard]] report::RequestReport price(const RequestFile& file);

}  // namespace roofline
