// Owns: files that are missing, damaged, or no models at all, word for word; writing files.
// Refuses: models that are well-formed (graph_test.cpp).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protos.hpp"

namespace roofline::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using namespace std::string_literals;

std::string file_error(const std::string& path) {
  return error_text([&] { static_cast<void>(onnx_io::load(path)); });
}

std::string bytes_error(const std::string& bytes) {
  return error_text([&] { static_cast<void>(load_bytes(bytes)); });
}

TEST(File, LoadsAModel) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("m.onnx", relu_model().SerializeAsString());
  const ir::Model model = onnx_io::load(path);
  EXPECT_EQ(model.path, path);
  EXPECT_EQ(model.graph.nodes.size(), 1U);
  EXPECT_EQ(model.skeleton_sha256.size(), 64U);
  EXPECT_EQ(onnx_io::load(path, onnx_io::Digest::kSkip).skeleton_sha256, "");
}

TEST(File, Missing) {
  const TemporaryDirectory directory;
  static_cast<void>(directory.write("resnet50.onnx", "x"));
  const std::string typo = directory.path("resnet5O.onnx");
  EXPECT_EQ(file_error(typo), "roofline: error[file-not-found]: " + typo +
                                  ": no such file\n  hint: did you mean 'resnet50.onnx'?\n");
  const std::string other = directory.path("bert");
  EXPECT_EQ(file_error(other), "roofline: error[file-not-found]: " + other +
                                   ": no such file\n  hint: check the path\n");
  const std::string deep = directory.path("none/m.onnx");
  EXPECT_EQ(file_error(deep),
            "roofline: error[file-not-found]: " + deep +
                ": no such file: its directory does not exist\n  hint: check the path\n");
  EXPECT_THAT(file_error("no_such_model_here.onnx"), HasSubstr("error[file-not-found]: no_such_"));
  EXPECT_THAT(file_error(""), HasSubstr("error[file-not-found]"));
}

TEST(File, Directory) {
  const TemporaryDirectory directory;
  fs::create_directory(directory.path("d"));
  EXPECT_EQ(file_error(directory.path("d")),
            "roofline: error[is-a-directory]: " + directory.path("d") +
                ": found a directory, expected an .onnx file\n"
                "  hint: name the .onnx file itself\n");
  const std::string inside = directory.write("d/model.onnx", "x");
  EXPECT_EQ(file_error(directory.path("d")),
            "roofline: error[is-a-directory]: " + directory.path("d") +
                ": found a directory, expected an .onnx file\n"
                "  hint: name the .onnx file itself, for instance '" +
                inside + "'\n");
}

TEST(File, NotReadable) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("m.onnx", relu_model().SerializeAsString());
  const std::string below = path + "/inner.onnx";
  EXPECT_EQ(file_error(below), "roofline: error[not-readable]: " + below +
                                   ": cannot be read: Not a directory\n  hint: check the path\n");
  if (::geteuid() == 0) GTEST_SKIP() << "the superuser may read everything";
  fs::permissions(path, fs::perms::none);
  EXPECT_EQ(file_error(path), "roofline: error[not-readable]: " + path +
                                  ": cannot be read: Permission denied\n  hint: check the "
                                  "permissions of the file and its directories\n");
}

TEST(File, Pipe) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(file_error(path),
            "roofline: error[not-a-regular-file]: " + path +
                ": found a pipe or device, expected a regular file\n"
                "  hint: save the model to a file first: weights are skipped, not read through\n");
}

TEST(File, Empty) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("m.onnx", "");
  EXPECT_EQ(file_error(path), "roofline: error[empty-file]: " + path +
                                  ": the file is empty, expected an ONNX model\n"
                                  "  hint: download or export it again\n");
  EXPECT_EQ(bytes_error(""),
            "roofline: error[empty-file]: m.onnx: there is no byte, expected an ONNX model\n");
}

TEST(File, TruncatedAnywhere) {
  onnx::ModelProto model = relu_model();
  add_initializer(*model.mutable_graph(), "w", onnx::TensorProto::INT8, {3000})
      .set_raw_data(std::string(3000, 'w'));
  const std::string bytes = model.SerializeAsString();
  EXPECT_EQ(bytes_error(bytes.substr(0, 100)),
            "roofline: error[truncated-model]: m.onnx: the model is cut off: the field at byte 2 "
            "takes 3063 more bytes, but 95 are left\n  hint: download or export it again\n");
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_NE(bytes_error(bytes.substr(0, size)), "") << size;
  }
}

TEST(File, EveryFlippedByteIsAModelOrAnError) {
  const std::string bytes = relu_model().SerializeAsString();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      static_cast<void>(bytes_error(damaged));  // any other exception fails the test
    }
  }
}

TEST(File, Damaged) {
  const std::string head = "\x08\x08"s;  // ir_version: 8
  EXPECT_EQ(bytes_error(head + "\x3a\x02\x0f\x00"s),
            "roofline: error[malformed-model]: m.onnx: the model is damaged: byte 4 starts no "
            "valid protobuf field\n  hint: download or export it again\n");
  // A node's length that leaves its graph, but not the file.
  EXPECT_EQ(bytes_error(head + "\x3a\x02\x0a\x05"s + "......"),
            "roofline: error[malformed-model]: m.onnx: the model is damaged: byte 4 starts no "
            "valid protobuf field\n  hint: download or export it again\n");
  // Well-formed for the walk, but not for protobuf: a type nested without end.
  std::string type;
  for (int i = 0; i < 40; ++i) {
    onnx::TypeProto wrapped;
    wrapped.mutable_sequence_type()->mutable_elem_type()->ParseFromString(type);
    type = wrapped.SerializeAsString();
  }
  onnx::ModelProto model = relu_model();
  model.mutable_graph()->mutable_input(0)->mutable_type()->ParseFromString(type);
  const std::string nested = model.SerializeAsString();
  EXPECT_EQ(bytes_error(nested), "");  // 80 deep is allowed
  EXPECT_EQ(bytes_error(head + "\x3a\x06\x5a\x04\x12\x02\x0a\x01"s),
            "roofline: error[malformed-model]: m.onnx: the file starts like an ONNX model but is "
            "damaged: protobuf cannot parse it\n  hint: download or export it again\n");
}

TEST(File, HugeLengthsCostNothing) {
  const std::string head = "\x08\x08"s;
  const std::string huge = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"s;  // 2^63-1
  EXPECT_EQ(bytes_error(head + "\x3a" + huge),
            "roofline: error[truncated-model]: m.onnx: the model is cut off: the field at byte 2 "
            "takes 9223372036854775807 more bytes, but 0 are left\n"
            "  hint: download or export it again\n");
  EXPECT_THAT(bytes_error(head + "\x3a" + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s),
              HasSubstr("error[malformed-model]"));
  EXPECT_THAT(bytes_error(head + "\x3a"), HasSubstr("takes 1 more bytes, but 0 are left"));
}

TEST(File, TooManyMessages) {
  std::string graph;
  for (int i = 0; i < 500'000; ++i) graph += "\x0a\x00"s;  // a node of no bytes
  std::string bytes = "\x08\x08\x3a"s;
  for (std::size_t size = graph.size(); true; size >>= 7U) {
    bytes += static_cast<char>((size & 0x7fU) | (size >= 0x80 ? 0x80U : 0U));
    if (size < 0x80) break;
  }
  EXPECT_EQ(bytes_error(bytes + graph),
            "roofline: error[too-large]: m.onnx: 133335 nodes, attributes and tensors in the first "
            "266674 bytes\n"
            "  hint: split the model\n");
}

TEST(File, NoGraph) {
  onnx::ModelProto model = relu_model();
  model.clear_graph();
  EXPECT_EQ(bytes_error(model.SerializeAsString()),
            "roofline: error[no-graph]: m.onnx: the file can be read as protobuf but has no ONNX "
            "graph\n  hint: expected a model: TensorFlow's .pb files and test data (input_0.pb) "
            "are others\n");
}

struct Foreign {
  std::string bytes;
  std::string what;
  std::string hint;
};

TEST(File, OtherFormatsAreRecognized) {
  const std::string to_onnx = "export the model to ONNX first (torch.onnx.export, tf2onnx, ...)";
  const std::vector<Foreign> foreign = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
       "a Git LFS pointer, not the model it stands for", "fetch the file with: git lfs pull"},
      {"PK\x03\x04\x14\0\0\0\0\0"s, "a zip archive (.pt, .pth, .keras, .mlpackage?)",
       to_onnx + ", or unpack the archive if an .onnx file is inside"},
      {"\x1c\0\0\0TFL3\x14\0 \0"s, "a TensorFlow Lite model", "convert it with tf2onnx --tflite"},
      {"\x20\0\0\0ORTM\0\0\0\0"s, "a model in ONNX Runtime's own format (.ort)",
       "use the .onnx file that it was made from"},
      {"GGUF\x03\0\0\0"s, "a GGUF model", to_onnx},
      {"\x40\0\0\0\0\0\0\0{\"w\":{}}"s, "a safetensors file: weights without a graph", to_onnx},
      {"\x89HDF\r\n\x1a\n"s, "an HDF5 file (Keras .h5?)", to_onnx},
      {"\x93NUMPY\x01\0"s, "a NumPy array", to_onnx},
      {"\x80\x02}q\0"s, "a Python pickle (.pth, .pkl?)", to_onnx},
      {"7767517\n75 83\n", "an ncnn .param file", to_onnx},
      {"\x1f\x8b\x08\0"s, "a gzip archive", "unpack it first"},
      {"BZh91AY", "a bzip2 archive", "unpack it first"},
      {"\xfd\x37zXZ\0"s, "an xz archive", "unpack it first"},
      {"\x28\xb5\x2f\xfd\x24"s, "a zstd archive", "unpack it first"},
      {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"s, "a PNG image", "name an .onnx file"},
      {"\xff\xd8\xff\xe0"s, "a JPEG image", "name an .onnx file"},
      {"%PDF-1.7\n", "a PDF document", "name an .onnx file"},
      {"\x7f\x45LF\x02\x01"s, "an ELF program or library", "name an .onnx file"},
      {"\n<!DOCTYPE html>\n<html>", "an HTML page",
       "download the raw file: the address led to a page about it or to an error message"},
      {"<?xml version=\"1.0\"?>", "an XML file (OpenVINO IR?)", to_onnx},
      {"<\n  ir_version: 8\n>", "text that starts with '<' (ONNX's text format?)",
       "this tool reads the binary form: save it with onnx.save"},
      {"ir_version: 8\n", "a model in protobuf's text format",
       "this tool reads the binary form: save it with onnx.save"},
      {"{\"irVersion\": 8}", "a JSON file",
       "this tool reads the binary form: save it with onnx.save"},
      {"Hello, world\nsecond line", "a text file that starts with 'Hello, world'",
       "name an .onnx file"},
      {std::string(64, '\0'), "a file that starts with zeros only", "download or export it again"},
      {"\xde\xad\xbe\xef\x01", "a file of unknown format that starts with the bytes de ad be ef 01",
       "name an .onnx file"},
  };
  for (const Foreign& f : foreign) {
    EXPECT_EQ(bytes_error(f.bytes),
              "roofline: error[not-onnx]: m.onnx: expected an ONNX model, "
              "found " +
                  f.what + "\n  hint: " + f.hint + "\n");
  }
}

// --- strip ---

std::string strip_error(const std::string& in, const std::string& out) {
  return error_text([&] { onnx_io::strip(in, out); });
}

TEST(Strip, RefusesToReplaceItsInput) {
  const TemporaryDirectory directory;
  const std::string bytes = relu_model().SerializeAsString();
  const std::string path = directory.write("m.onnx", bytes);
  fs::create_symlink(path, directory.path("link.onnx"));
  for (const std::string& out : {path, directory.path("./m.onnx"), directory.path("link.onnx")}) {
    EXPECT_EQ(strip_error(path, out),
              "roofline: error[same-file]: " + out +
                  ": the output would replace the input\n  hint: choose another output: weights "
                  "that are stripped cannot be restored\n");
  }
  try {
    onnx_io::strip(path, path);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kUsage);
  }
  EXPECT_EQ(read_file(path), bytes);
}

TEST(Strip, ReplacesAnExistingOutputAtOnce) {
  const TemporaryDirectory directory;
  const std::string bytes = relu_model().SerializeAsString();
  const std::string in = directory.write("in.onnx", bytes);
  const std::string out = directory.write("out.onnx", "old");
  EXPECT_EQ(onnx_io::strip(in, out), static_cast<std::int64_t>(bytes.size()));
  EXPECT_EQ(read_file(out), bytes);
  int entries = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(directory.path(""))) ++entries;
  EXPECT_EQ(entries, 2);  // no temporary file is left
}

TEST(Strip, LeavesTheOutputAloneWhenTheInputIsBad) {
  const TemporaryDirectory directory;
  const std::string in = directory.write("in.onnx", "\x08\x08\x3a\x06\x5a\x04\x12\x02\x0a\x01"s);
  const std::string out = directory.write("out.onnx", "old");
  EXPECT_THAT(strip_error(in, out), HasSubstr("error[malformed-model]: " + in));
  EXPECT_THAT(strip_error(directory.path("none.onnx"), out), HasSubstr("error[file-not-found]"));
  EXPECT_EQ(read_file(out), "old");
}

TEST(Strip, OutputThatCannotBeWritten) {
  const TemporaryDirectory directory;
  const std::string in = directory.write("in.onnx", relu_model().SerializeAsString());
  const std::string hint =
      "  hint: check that the directory exists, is writable and has space left\n";
  const std::string out = directory.path("none/out.onnx");
  EXPECT_EQ(strip_error(in, out), "roofline: error[not-writable]: " + out +
                                      ": cannot be written: No such file or directory\n" + hint);
  fs::create_directory(directory.path("d"));
  EXPECT_EQ(strip_error(in, directory.path("d")),
            "roofline: error[not-writable]: " + directory.path("d") +
                ": cannot be written: Is a directory\n" + hint);
  if (fs::exists("/dev/full")) {
    EXPECT_EQ(strip_error(in, "/dev/full"),
              "roofline: error[not-writable]: /dev/full: cannot be "
              "written: No space left on device\n" +
                  hint);
  }
}

TEST(Strip, WritesToADevice) {
  const TemporaryDirectory directory;
  const std::string in = directory.write("in.onnx", relu_model().SerializeAsString());
  EXPECT_GT(onnx_io::strip(in, "/dev/null"), 0);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace roofline::test
