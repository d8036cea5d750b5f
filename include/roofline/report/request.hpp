#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "roofline/report/render.hpp"
#include "roofline/report/report.hpp"

namespace roofline::report {

/// A stage of a request, or a copy between two of them.
struct StageRow {
  std::string name;        ///< the file's; "resize to gpu" of a copy that it does not mention
  std::string kind;        ///< "model", "resize", "copy", ...
  std::string model = {};  ///< file of a model; "" for other kinds
  std::string on = {};     ///< name of a device or link
  double runs = 1;         ///< mean number in one request
  double start_s = 0;      ///< after the input arrived
  double latency_s = 0;    ///< of all its runs
  double share = 0;        ///< of the serial latency
  bool critical = false;   ///< a shorter time would shorten the serial latency
  std::string bottleneck =
      {};  ///< as Result::bottleneck; "link" of a copy, "measured" of a given time
  std::string calibration = {};  ///< as HardwareInfo::calibration_status; "" where none could apply
  std::optional<Count> copied_bytes = {};  ///< of a copy
  bool complete = true;                    ///< false: the latency is a lower bound
};

/// What works on one stage at a time: a device, or the link between two.
struct ResourceRow {
  std::string name;   ///< "gpu", "cpu/gpu"
  double busy_s = 0;  ///< for one request
  std::optional<double>
      utilisation;  ///< at the pipelined throughput; nullopt while that is not known
};
struct DeviceRow : ResourceRow {
  HardwareInfo hardware;  ///< without calibration: that depends on the stage
  std::string runtime, precision;
  int threads = 0;  ///< 0: all cores
};
struct LinkRow : ResourceRow {
  double bytes_per_s = 0;
  double latency_s = 0;  ///< of each copy
  std::string source;    ///< "file", "profile", or "memory": copied within what both share
};

/// A request's way through its stages.
struct RequestReport {
  std::string tool_version;
  std::string path, name;
  std::string input;            ///< "uint8 1080x1920x3"
  std::string input_on;         ///< name of a device
  bool complete = true;         ///< false: latencies are lower bounds
  double serial_latency_s = 0;  ///< of one request alone
  // Of requests that overlap, while it is complete and takes any time:
  std::optional<double> throughput_per_s;
  std::string bottleneck;           ///< the resource that is busy all the time; "" while not known
  std::string bottleneck_stage;     ///< the stage that takes most of its time
  std::optional<double> in_flight;  ///< requests, on average, at that throughput
  std::vector<StageRow> stages;     ///< in the order they run, copies included
  std::vector<DeviceRow> devices;
  std::vector<LinkRow> links;           ///< those that something crosses
  std::vector<Diagnostic> diagnostics;  ///< of all stages, each once
};

/// For people, on a terminal or as Markdown. Errors are left to the caller.
void render_text(const RequestReport& report, const TextOptions& options, std::ostream& out);
/// docs/schemas/request.schema.json
void render_json(const RequestReport& report, std::ostream& out);

}  // namespace roofline::report
