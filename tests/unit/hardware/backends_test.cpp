// Owns the checks of lists of devices: what is read, and what is refused where.
#include "roofline/hardware/backends.hpp"

#include <gtest/gtest.h>

#include "roofline/base/diagnostic.hpp"

namespace roofline::hardware {
namespace {

constexpr std::string_view kList = R"(id: two
name: two devices
sources:
  s: somewhere
devices:
  - hardware: xavier-dla
    source: s
    ops: [Conv, Relu]
    dtypes: [float16]
    least_steps: 3
    limits:
      batch: {value: 32, source: s}
  - hardware: machine
links:
  - between: [xavier-dla, machine]
    bandwidth: {value: "10 GB/s", source: s}
    latency: {value: "5 us", source: s}
)";

std::string with(std::string_view from, std::string_view to) {
  std::string text(kList);
  text.replace(text.find(from), from.size(), to);
  return text;
}

/// What reading it says.
std::string refusal(const std::string& yaml) {
  try {
    (void)load_backends_text(yaml, "two.yaml");
  } catch (const Error& e) {
    return format_diagnostic(e.diagnostic());
  }
  return "";
}

TEST(Backends, AreRead) {
  const Backends list = load_backends_text(kList, "two.yaml");
  ASSERT_EQ(list.devices.size(), 2U);
  EXPECT_EQ(list.devices[0].ops, (std::vector<std::string>{"Conv", "Relu"}));
  EXPECT_EQ(list.devices[0].dtypes, std::vector<ir::DType>{ir::DType::kFloat16});
  EXPECT_EQ(list.devices[0].limits.batch, 32);
  EXPECT_EQ(list.devices[0].limits.kernel, BackendLimits::kNone);
  EXPECT_EQ(list.devices[0].least_steps, 3);
  EXPECT_FALSE(list.devices[0].takes_all());
  EXPECT_TRUE(list.devices[1].takes_all());
  EXPECT_DOUBLE_EQ(list.link("machine", "xavier-dla").bytes_per_s.value, 1e10);
  EXPECT_DOUBLE_EQ(list.link("xavier-dla", "machine").latency_s.value, 5e-6);
}

TEST(Backends, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(refusal(with("    ops:", "    op:")),
            "roofline: error[unknown-key]: two.yaml:8:5: 'devices[0]' has an unknown key 'op'; "
            "expected one of hardware, ops, except, dtypes, limits, least_steps, source\n"
            "  hint: did you mean 'ops'?\n");
  EXPECT_EQ(refusal(with("[float16]", "[half]")),
            "roofline: error[bad-value]: two.yaml:9:14: 'devices[0].dtypes[0]' is 'half'; expected "
            "an element type of ONNX\n  hint: such as float32, float16, int8\n");
  EXPECT_EQ(refusal(with("between: [xavier-dla, machine]", "between: [xavier-dla, machin]")),
            "roofline: error[bad-value]: two.yaml:15:27: 'links[0].between[1]' is 'machin'; "
            "expected one of xavier-dla, machine\n  hint: did you mean 'machine'?\n");
  EXPECT_EQ(refusal(with("  - hardware: machine\n", "  - hardware: machine\n    least_steps: 2\n")),
            "roofline: error[no-fallback]: two.yaml:13:5: the last device, 'machine', does not "
            "take everything\n  hint: end the list with one without ops, except, dtypes, limits "
            "and least_steps\n");
  EXPECT_EQ(
      refusal(with("  - hardware: machine\n", "  - hardware: xavier\n  - hardware: machine\n")),
      "roofline: error[missing-link]: two.yaml:16:3: 'links' has 0 between 'xavier-dla' and "
      "'xavier'; expected one\n");
}

TEST(Backends, EveryShippedListIsValid) {
  for (const std::string& name : list_backends()) {
    const Backends list = find_backends(name);
    EXPECT_EQ(list.id, name);
    for (const Backend& device : list.devices) {
      EXPECT_TRUE(device.hardware == kThisMachine || find(device.hardware).id == device.hardware);
    }
  }
  EXPECT_GE(list_backends().size(), 2U);
}

TEST(Backends, UnknownOnesAreAnError) {
  try {
    (void)find_backends("xaver");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(format_diagnostic(e.diagnostic()),
              "roofline: error[unknown-backends]: there is no list of backends 'xaver'\n"
              "  hint: did you mean 'xavier'?\n");
    EXPECT_EQ(e.exit_code(), ExitCode::kUsage);
  }
}

}  // namespace
}  // namespace roofline::hardware
