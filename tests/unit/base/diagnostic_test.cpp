// Owns how findings read on the terminal.
// Refuses to test any particular finding.
#include "roofline/base/diagnostic.hpp"

#include <gtest/gtest.h>

namespace roofline {
namespace {

TEST(Diagnostic, FullText) {
  const Diagnostic d{Severity::kError, "shape-mismatch", "found 4, expected 3",
                     "fix it",         "a.onnx",         ""};
  EXPECT_EQ(format_diagnostic(d),
            "roofline: error[shape-mismatch]: a.onnx: found 4, expected 3\n  hint: fix it\n");
}

TEST(Diagnostic, EmptyPartsAreLeftOut) {
  Diagnostic d;
  d.message = "hello";
  EXPECT_EQ(format_diagnostic(d), "roofline: note: hello\n");
  d.severity = Severity::kWarning;
  d.code = "c";
  EXPECT_EQ(format_diagnostic(d), "roofline: warning[c]: hello\n");
}

TEST(Error, CarriesItsDiagnosticAndExitCode) {
  const Error input("bad-value", "f:1:2", "found x", "use y");
  EXPECT_EQ(input.exit_code(), ExitCode::kInput);
  EXPECT_STREQ(input.what(), "found x");
  EXPECT_EQ(format_diagnostic(input.diagnostic()),
            "roofline: error[bad-value]: f:1:2: found x\n  hint: use y\n");
  const Error usage(ExitCode::kUsage, Diagnostic{Severity::kError, "c", "m", "", "", ""});
  EXPECT_EQ(usage.exit_code(), ExitCode::kUsage);
}

TEST(RuleError, CarriesCodeAndHint) {
  const RuleError error("bad-axis", "axis 4", "use 0 to 3");
  EXPECT_EQ(error.code(), "bad-axis");
  EXPECT_EQ(error.hint(), "use 0 to 3");
  EXPECT_STREQ(error.what(), "axis 4");
}

}  // namespace
}  // namespace roofline
