// Owns `extends` and the search path, on files in a temporary directory.
// Refuses to test the fields of a profile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "profile_test_util.hpp"

namespace roofline::hardware {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;

class Extends : public ::testing::Test {
 protected:
  Extends() {
    std::string pattern = (fs::temp_directory_path() / "profiles-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    setenv("ROOFLINE_HARDWARE_PATH", directory_.c_str(), 1);
    write("base", kBase);
  }
  ~Extends() override {
    unsetenv("ROOFLINE_HARDWARE_PATH");
    fs::remove_all(directory_);
  }

  std::string write(const std::string& id, const std::string& text) {
    const std::string path = (directory_ / (id + ".yaml")).string();
    std::ofstream(path) << text;
    return path;
  }
  /// The error of loading `id`, with the directory's name cut out.
  std::string error_of(const std::string& id) {
    std::string text = error_text([&] { (void)load_file((directory_ / (id + ".yaml")).string()); });
    for (std::size_t at = 0; (at = text.find(directory_.string() + "/")) != std::string::npos;) {
      text.erase(at, directory_.string().size() + 1);
    }
    return text;
  }

  static constexpr const char* kBase = R"(
id: base
name: Base
kind: gpu
sources: {s: book}
units:
  - name: cuda
    kind: vector
    peaks:
      fp32: {peak: {value: 2 TFLOP/s, source: s, note: old}, measured: {value: 1.9 TFLOP/s, source: s}}
memory:
  - name: l2
    capacity: {value: 4 MB, source: s}
  - name: dram
    bandwidth: {value: 100 GB/s, source: s}
overhead:
  per_launch: {value: 2 us, source: s}
  per_run: {value: 0 s, source: s}
tdp: {value: 300 W, source: s}
calibrations: [{runtime: tensorrt, version: "10", date: 2026-01-01}]
)";
  fs::path directory_;
};

TEST_F(Extends, InheritsEverything) {
  const Profile base = find("base");
  write("child", "id: child\nname: Child\nextends: base\n");
  const Profile child = find("child");
  EXPECT_EQ(child.id, "child");
  EXPECT_EQ(child.name, "Child");
  EXPECT_EQ(child.digest, base.digest) << "the same numbers";
}

TEST_F(Extends, TheVariantWins) {
  write("child", R"(
id: child
name: Child
extends: base
sources: {t: page}
units:
  - name: cuda
    peaks:
      fp32: {peak: {value: 1 TFLOP/s, source: t}, measured: ~}
      fp16: {peak: {value: 4 TFLOP/s, source: t}}
memory:
  - name: dram
    capacity: {value: 8 GB, source: t}
tdp: ~
calibrations: ~
)");
  const Profile child = find("child");
  const PeakRate& fp32 = child.units.at(0).peaks.at(Precision::kFp32);
  EXPECT_DOUBLE_EQ(fp32.flops_per_s.value, 1e12);
  EXPECT_EQ(fp32.flops_per_s.note, "") << "a note belongs to its number";
  EXPECT_FALSE(fp32.measured) << "removed with ~";
  EXPECT_DOUBLE_EQ(child.units[0].peaks.at(Precision::kFp16).flops_per_s.value, 4e12);
  ASSERT_EQ(child.memory.size(), 2U);
  EXPECT_DOUBLE_EQ(child.dram().capacity_bytes->value, 8e9);
  EXPECT_DOUBLE_EQ(child.dram().bytes_per_s->value, 100e9) << "inherited beside the new capacity";
  EXPECT_FALSE(child.tdp_w);
  EXPECT_TRUE(child.calibrations.empty());
  EXPECT_EQ(child.sources.size(), 2U);
}

TEST_F(Extends, NewLevelsGoAfterTheEntryListedBefore) {
  const std::string capacity = "\n    capacity: {value: 1 MB, source: s}\n";
  write("child", "id: child\nname: C\nextends: base\nmemory:\n  - name: l1" + capacity +
                     "  - name: l2\n  - name: l3" + capacity);
  std::vector<std::string> names;
  for (const MemoryLevel& level : find("child").memory) names.push_back(level.name);
  EXPECT_EQ(names, (std::vector<std::string>{"l1", "l2", "l3", "dram"}));
}

TEST_F(Extends, Chains) {
  write("middle", "id: middle\nname: M\nextends: base\ntdp: {value: 200 W, source: s}\n");
  write("child", "id: child\nname: C\nextends: middle\nkind: npu\n");
  const Profile child = find("child");
  EXPECT_EQ(child.kind, "npu");
  EXPECT_DOUBLE_EQ(child.tdp_w->value, 200);
}

TEST_F(Extends, ErrorsPointIntoTheFileThatIsWrong) {
  write("base", replaced(kBase, "value: 300 W", "value: 300 Watt"));
  write("child", "id: child\nname: C\nextends: base\n");
  EXPECT_EQ(error_of("child"),
            "error[bad-quantity]: base.yaml:19:14: 'tdp.value' is '300 Watt'; expected a number, a "
            "space and a unit, such as \"300 W\"\n"
            "  hint: prefixes: n u m k M G T P, and Ki Mi Gi Ti for powers of 1024\n");
}

TEST_F(Extends, VariantsNeedAnIdentity) {
  write("child", "name: C\nextends: base\n");
  EXPECT_EQ(error_of("child"),
            "error[missing-key]: child.yaml:1:1: the document has no 'id'\n"
            "  hint: a variant needs an id of its own\n");
  write("child", "id: child\nextends: base\n");
  EXPECT_EQ(error_of("child"),
            "error[missing-key]: child.yaml:1:1: the document has no 'name'\n"
            "  hint: a variant needs a name of its own\n");
}

TEST_F(Extends, UnknownBases) {
  write("child", "id: child\nname: C\nextends: basee\n");
  EXPECT_EQ(error_of("child"),
            "error[unknown-hardware]: child.yaml:3:10: 'extends' names 'basee', which is neither "
            "beside this file nor on the search path\n  hint: did you mean 'base'?\n");
  write("child", "id: child\nname: C\nextends: ../base.yaml\n");
  EXPECT_EQ(error_of("child"),
            "error[bad-value]: child.yaml:3:10: 'extends' is '../base.yaml'; expected an id\n"
            "  hint: put both files in one directory and name the other file without '.yaml'\n");
}

TEST_F(Extends, Cycles) {
  write("a", "id: a\nname: A\nextends: b\n");
  write("b", "id: b\nname: B\nextends: c\n");
  write("c", "id: c\nname: C\nextends: b\n");
  EXPECT_EQ(error_of("a"),
            "error[extends-cycle]: c.yaml:3:10: profiles extend each other: b -> c -> b\n"
            "  hint: remove one of these 'extends'\n");
  write("self", "id: self\nname: S\nextends: self\n");
  EXPECT_EQ(error_of("self"),
            "error[extends-cycle]: self.yaml:3:10: 'self' extends itself\n"
            "  hint: remove 'extends', or name another profile\n");
}

TEST_F(Extends, AProfileMayExtendTheOneItShadows) {
  fs::create_directory(directory_ / "mine");
  write("mine/base", "id: base\nname: My base\nextends: base\ntdp: {value: 100 W, source: s}\n");
  const Profile mine = load_file((directory_ / "mine/base.yaml").string());
  EXPECT_DOUBLE_EQ(mine.tdp_w->value, 100);
  EXPECT_EQ(mine.kind, "gpu");
}

TEST_F(Extends, SearchPath) {
  EXPECT_EQ(search_path().front(), directory_.string());
  EXPECT_THAT(search_path(), Contains(ROOFLINE_ROOT "/hardware_profiles"));
  EXPECT_THAT(list_ids(), Contains("base"));
  EXPECT_THAT(list_ids(), Contains("v100"));
  setenv("ROOFLINE_HARDWARE_PATH", ":/nonexistent:", 1);
  EXPECT_EQ(search_path().front(), "/nonexistent");
  EXPECT_THAT(list_ids(), ::testing::Not(Contains("base")));
}

TEST_F(Extends, FindTakesIdsAndPaths) {
  EXPECT_EQ(find("base").id, "base");
  EXPECT_EQ(find((directory_ / "base.yaml").string()).id, "base");
  EXPECT_EQ(error_text([] { (void)find("basee"); }),
            "error[unknown-hardware]: there is no hardware profile 'basee'\n"
            "  hint: did you mean 'base'?\n");
  EXPECT_THAT(error_text([] { (void)find("abacus-2000"); }),
              ::testing::MatchesRegex("error\\[unknown-hardware\\]: there is no hardware profile "
                                      "'abacus-2000'\n  hint: known: .*, base, .*\n"));
  try {
    (void)find("basee");
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), ExitCode::kUsage);
  }
}

TEST_F(Extends, AFileIsNamedAfterItsId) {
  const std::string path = write("other", kBase);
  EXPECT_EQ(load_file(path).id, "base") << "as a path, any name will do";
  EXPECT_EQ(error_text([] { (void)find("other"); }),
            "error[id-mismatch]: " + path +
                ": the profile's id is 'base'; expected the name of its "
                "file, 'other'\n  hint: rename the file or change the id\n");
}

}  // namespace
}  // namespace roofline::hardware
