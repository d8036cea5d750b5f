// Owns the price of a whole request: stages by analyze(), copies by the link.
// Refuses a cost model of its own, and speeds of links that nothing tells.
#include "roofline/pipeline/request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "request_schedule.hpp"
#include "roofline/base/text.hpp"
#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/pipeline/analyze.hpp"

namespace roofline {
namespace {

using report::StageRow;

/// What one run of a stage hands on.
struct Payload {
  std::optional<ir::TensorType> tensor = {};  ///< where it is one of a known type
  std::optional<Count> bytes = {};
};

Payload payload_of(const ir::TensorType& tensor) { return {tensor, tensor.bytes()}; }

/// Sizes that depend on the data count with their upper limits.
Payload payload_of(const std::vector<report::TensorInfo>& outputs) {
  Payload payload{.tensor = std::nullopt, .bytes = Count(0)};
  for (const report::TensorInfo& output : outputs) {
    ir::TensorType type{.dtype = ir::dtype_from_name(output.dtype).value_or(ir::DType::kUndefined),
                        .shape = output.max_shape ? output.max_shape : output.shape};
    const bool known = output.kind == "tensor" && type.bytes();
    payload.bytes =
        known && payload.bytes ? std::optional(*payload.bytes + *type.bytes()) : std::nullopt;
    if (known && outputs.size() == 1) payload.tensor = std::move(type);
  }
  return payload;
}

std::string type_text(const ir::TensorType& type) {
  return fmt::format("{} {}", ir::name(type.dtype), ir::to_string(*type.shape));
}

/// A failure says which part of the file asked for it, unless it says where already.
template <class Body>
auto located(const std::string& location, Body body) {
  try {
    return body();
  } catch (const Error& error) {
    Diagnostic diagnostic = error.diagnostic();
    if (diagnostic.location.empty()) diagnostic.location = location;
    throw Error(ExitCode::kInput, std::move(diagnostic));
  } catch (const OverflowError&) {
    throw Error("overflow", location, "a count of bytes exceeds 2^63-1", "check sizes and runs");
  }
}

/// Work of given FLOPs and bytes as a plan of one step.
plan::Plan plan_of(const RequestStage::Custom& work, const hardware::Profile& profile,
                   const report::Run& run) {
  plan::Plan plan{
      .runtime = run.runtime, .precision = "as-is", .buffers = {}, .steps = {}, .diagnostics = {}};
  plan.buffers = {{.bytes = work.read_bytes, .is_input = true},
                  {.bytes = work.write_bytes, .is_output = true}};
  plan::Step step;
  for (std::size_t u = 0; u < profile.units.size(); ++u) {
    const hardware::ComputeUnit& unit = profile.units[u];
    if (unit.kind != hardware::UnitKind::kVector) continue;
    if (!unit.peaks.contains(hardware::Precision::kFp32)) continue;
    step.unit = static_cast<int>(u);
    step.precision = hardware::Precision::kFp32;
  }
  step.kernel.op = "custom";
  step.kernel.kind = "custom";  // no calibration has it: the roof and the overhead of a step
  step.work.arithmetic = work.flops;
  step.accesses = {{.buffer = 0, .is_write = false, .bytes = work.read_bytes},
                   {.buffer = 1, .is_write = true, .bytes = work.write_bytes}};
  plan.steps.push_back(std::move(step));
  return plan;
}

class Pricer {
 public:
  explicit Pricer(const RequestFile& file) : file_(file) {
    for (const RequestDevice& device : file.devices) {
      profiles_.push_back(
          located(device.location, [&] { return hardware::find(device.run.hardware); }));
      const hardware::Profile& profile = profiles_.back();
      report::DeviceRow row;
      row.name = device.name;
      row.hardware.id = profile.id;
      row.hardware.name = profile.name;
      row.hardware.digest = profile.digest;
      row.runtime = device.run.runtime;
      row.precision = device.run.precision;
      row.threads = device.run.threads;
      out_.devices.push_back(std::move(row));
    }
    for (const RequestStage& stage : file.stages) {
      for (const std::size_t before : stage.after) {
        double& most = runs_of_readers_[{before, stage.device}];
        most = std::max(most, stage.runs);
      }
    }
  }

  report::RequestReport price() {
    const RequestStage& input = file_.stages.front();
    out_.tool_version = ROOFLINE_VERSION;
    out_.path = file_.path;
    out_.name = file_.name;
    out_.input = type_text(*input.output);
    out_.input_on = file_.devices[input.device].name;
    handed_on_.push_back(payload_of(*input.output));
    done_.emplace_back();
    for (std::size_t s = 1; s < file_.stages.size(); ++s) {
      located(file_.stages[s].location, [&] { add_stage(file_.stages[s]); });
    }
    schedule_.finish();
    return std::move(out_);
  }

 private:
  using LinkEnds = std::array<std::size_t, 2>;
  using Moment = Schedule::Moment;

  void add_stage(const RequestStage& stage) {
    Moment ready;
    for (const std::size_t before : stage.after) {
      ready = schedule_.later(ready, arrival(before, stage));
    }
    if (std::holds_alternative<RequestStage::Copy>(stage.work)) {
      handed_on_.push_back(handed_on_[stage.after.front()]);
    } else {
      StageRow row{.name = stage.name, .kind = stage.kind, .runs = stage.runs};
      handed_on_.push_back(price_run(stage, row));
      row.latency_s *= stage.runs;
      ready = schedule_.add(std::move(row), ready, out_.devices[stage.device]);
    }
    done_.push_back(ready);
    if (stage.output) handed_on_.back() = payload_of(*stage.output);
  }

  // --- copies

  /// When `reader` has what stage `from` hands on.
  Moment arrival(std::size_t from, const RequestStage& reader) {
    const std::size_t source = file_.stages[from].device;
    if (source == reader.device) return done_[from];
    const auto [copy, is_new] = copies_.try_emplace({from, reader.device});
    if (!is_new) return copy->second;
    const RequestLink way = link(source, reader.device);
    return copy->second = way.zero_copy ? done_[from] : add_copy(from, reader, way.between);
  }

  /// One copy of everything, in those requests in which it is made and read.
  Moment add_copy(std::size_t from, const RequestStage& reader, const LinkEnds& ends) {
    const RequestStage& maker = file_.stages[from];
    const bool is_stage = std::holds_alternative<RequestStage::Copy>(reader.work);
    report::LinkRow& resource = out_.links[link_rows_.at(ends)];
    StageRow row{
        .name = is_stage ? reader.name
                         : fmt::format("{} to {}", maker.name, file_.devices[reader.device].name),
        .kind = "copy",
        .runs = std::min({1.0, maker.runs, runs_of_readers_[{from, reader.device}]}),
        .bottleneck = "link"};
    row.latency_s = row.runs * resource.latency_s;
    if (const std::optional<Count> bytes = handed_on_[from].bytes) {
      const double moved = row.runs * std::max(1.0, maker.runs) * bytes->as_double();
      constexpr double kMost = 9.2e18;
      if (moved > kMost) throw OverflowError();
      row.copied_bytes = Count(std::llround(moved));
      row.latency_s += moved / resource.bytes_per_s;
    } else {
      row.complete = false;
      row.bottleneck = "unknown";
      note("unknown-bytes", maker.location,
           fmt::format("how many bytes stage '{}' hands on is not known", printable(maker.name)),
           "say it, as in 'output: {dtype: float32, shape: [100, 6]}'");
    }
    return schedule_.add(std::move(row), done_[from], resource);
  }

  /// As the file says, completed by the profiles.
  RequestLink link(std::size_t a, std::size_t b) {
    RequestLink way{.between = {std::min(a, b), std::max(a, b)}};
    for (const RequestLink& given : file_.links) {
      if (given.between == way.between) way = given;
    }
    if (way.zero_copy || link_rows_.contains(way.between)) return way;
    report::LinkRow row;
    row.name = file_.devices[way.between[0]].name + "/" + file_.devices[way.between[1]].name;
    row.latency_s = way.latency_s;
    row.source = "file";
    if (way.bytes_per_s)
      row.bytes_per_s = *way.bytes_per_s;
    else
      set_speed(way, row);
    link_rows_.emplace(way.between, out_.links.size());
    out_.links.push_back(std::move(row));
    return way;
  }

  /// What profiles tell of a link: the slower of the two ends' links; without any, a memory that
  /// both have.
  void set_speed(const RequestLink& way, report::LinkRow& row) const {
    const hardware::Profile& a = profiles_[way.between[0]];
    const hardware::Profile& b = profiles_[way.between[1]];
    for (const hardware::Profile* end : {&a, &b}) {
      if (!end->link_bytes_per_s) continue;
      const double rate = end->link_bytes_per_s->value;
      row.bytes_per_s = row.bytes_per_s > 0 ? std::min(row.bytes_per_s, rate) : rate;
      row.source = "profile";
    }
    if (row.bytes_per_s > 0) return;
    const auto rate = hardware::bandwidth(a.dram(), hardware::Roof::kDatasheet);
    const auto value = [](const std::optional<hardware::Fact>& fact) {
      return fact ? fact->value : 0;
    };
    if (a.kind == b.kind || !rate ||
        rate != hardware::bandwidth(b.dram(), hardware::Roof::kDatasheet) ||
        value(a.dram().capacity_bytes) != value(b.dram().capacity_bytes)) {
      throw Error(
          "unknown-link", "",
          fmt::format("nothing tells how fast bytes go between '{}' and '{}'",
                      file_.devices[way.between[0]].name, file_.devices[way.between[1]].name),
          fmt::format("add it to 'links', as in '- {{between: [{}, {}], bandwidth: 10 GB/s}}', "
                      "or 'zero_copy: true' where they work on one memory",
                      file_.devices[way.between[0]].name, file_.devices[way.between[1]].name));
    }
    row.bytes_per_s = *rate / 2;  // each byte is read and written
    row.source = "memory";
  }

  // --- stages

  /// Fills in what one run costs, and returns what it hands on.
  Payload price_run(const RequestStage& stage, StageRow& row) {
    if (const auto* model = std::get_if<RequestStage::Model>(&stage.work)) {
      row.model = model->run.model;
      const report::Report report =
          analyzed(onnx_io::load(row.model, onnx_io::Digest::kSkip), stage, model->run, row);
      check_input(stage, report.model.inputs);
      return payload_of(report.model.outputs);
    }
    if (const auto* operation = std::get_if<RequestStage::Operation>(&stage.work)) {
      const ir::TensorType input = operation->takes_input ? input_of(stage) : ir::TensorType{};
      report::Run run = file_.devices[stage.device].run;
      run.precision = "as-is";  // models may lose precision; what surrounds them says its own
      return payload_of(
          analyzed(to_model(operation->sketch(input), stage.location), stage, run, row)
              .model.outputs);
    }
    if (const auto* measured = std::get_if<RequestStage::Measured>(&stage.work)) {
      row.latency_s = measured->seconds;
      row.bottleneck = "measured";
      return {};
    }
    const auto& custom = std::get<RequestStage::Custom>(stage.work);
    const report::Run& run = file_.devices[stage.device].run;
    const hardware::Profile& profile = profiles_[stage.device];
    const estimate::PlanEstimate estimate =
        estimate::estimate(plan_of(custom, profile, run), profile, {.threads = run.threads});
    row.latency_s = estimate.predicted_s;
    row.bottleneck = estimate::bottleneck_name(estimate.bottleneck);
    row.complete = estimate.complete;
    return {.tensor = std::nullopt, .bytes = custom.write_bytes};
  }

  report::Report analyzed(const ir::Model& model, const RequestStage& stage, const report::Run& run,
                          StageRow& row) {
    report::Report report = analyze(model, to_request(run, &profiles_[stage.device]));
    const report::Result& result = report.results.front();
    row.latency_s = result.predicted_latency_s;
    row.bottleneck = result.bottleneck;
    row.calibration = result.hardware.calibration_status;
    row.complete = result.complete;
    for (const Diagnostic& diagnostic : report.diagnostics) {
      row.complete = row.complete && diagnostic.severity != Severity::kError;
      note(diagnostic);
    }
    return report;
  }

  /// What an operation works on: what the file says, else what the stage before it hands on.
  [[nodiscard]] ir::TensorType input_of(const RequestStage& stage) const {
    if (stage.input) return *stage.input;
    const Payload* only = stage.after.size() == 1 ? &handed_on_[stage.after.front()] : nullptr;
    if (only != nullptr && only->tensor) return *only->tensor;
    throw Error(
        "no-input", "",
        only == nullptr
            ? fmt::format("stage '{}' follows {} stages; expected one to read from",
                          printable(stage.name), stage.after.size())
            : fmt::format("stage '{}': what '{}' hands on is not one tensor of a known type",
                          printable(stage.name), printable(file_.stages[stage.after.front()].name)),
        "say what it reads, as in 'input: {dtype: float32, shape: [1, 1000]}'");
  }

  /// A model that is fed something else than it takes is a slip in the file, more often than not.
  void check_input(const RequestStage& stage, const std::vector<report::TensorInfo>& inputs) {
    if (inputs.size() != 1 || stage.after.size() != 1) return;
    const std::size_t before = stage.after.front();
    const std::optional<ir::TensorType>& fed = handed_on_[before].tensor;
    const ir::TensorType taken{
        .dtype = ir::dtype_from_name(inputs[0].dtype).value_or(ir::DType::kUndefined),
        .shape = inputs[0].shape};
    if (!fed || !taken.bytes()) return;
    const double ratio = fed->elements()->as_double() * file_.stages[before].runs -
                         taken.elements()->as_double() * stage.runs;
    if (fed->dtype == taken.dtype && ratio == 0) return;
    note("input-mismatch", stage.location,
         fmt::format("model stage '{}' takes {}, but '{}' hands on {}", printable(stage.name),
                     type_text(taken), printable(file_.stages[before].name), type_text(*fed)),
         "is a resize, cast or normalize missing?");
  }

  // --- findings

  void note(const Diagnostic& diagnostic) {
    if (seen_.insert({diagnostic.code, diagnostic.location, diagnostic.message}).second) {
      out_.diagnostics.push_back(diagnostic);
    }
  }
  void note(std::string code, const std::string& location, std::string message, std::string hint) {
    note({Severity::kWarning, std::move(code), std::move(message), std::move(hint), location, {}});
  }

  const RequestFile& file_;
  std::vector<hardware::Profile> profiles_ = {};  ///< parallel to devices
  report::RequestReport out_ = {};
  Schedule schedule_{out_};
  std::vector<Payload> handed_on_ = {};  ///< by stages so far
  std::vector<Moment> done_ = {};        ///< parallel: when each is done
  std::map<LinkEnds, std::size_t> link_rows_ = {};
  std::map<std::pair<std::size_t, std::size_t>, Moment> copies_ = {};  ///< of a stage, on a device
  std::map<std::pair<std::size_t, std::size_t>, double> runs_of_readers_ = {};
  std::set<std::array<std::string, 3>> seen_ = {};  ///< diagnostics
};

}  // namespace

report::RequestReport price(const RequestFile& file) { return Pricer(file).price(); }

}  // namespace roofline
