// Owns the synthetic operators that move elements, by the length of the runs that stay together.
// Refuses arithmetic.
#include <fmt/format.h>

#include "sketch.hpp"

namespace roofline::calibrate {
namespace {

struct Permutation {
  Dims dims;
  Dims order;
  int lanes = 1;  ///< transposes in a row cancel or merge: short ones run side by side
};

onnx_io::ModelSketch transpose(const Permutation& row) {
  Sketch s(fmt::format("transpose_{}_{}", dims_text(row.dims), dims_text(row.order)));
  for (int lane = 0; lane < row.lanes; ++lane) {
    s.sink(s.node("Transpose", {s.input(row.dims)}, {attr("perm", row.order)}));
  }
  return s.take();
}

/// `rows` runs of `run` elements.
struct Runs {
  std::int64_t rows, run;
};

onnx_io::ModelSketch join_model(const Runs& r, std::string_view kind) {
  Sketch s(fmt::format("{}_{}x{}", kind, r.rows, r.run));
  const std::string x = s.input({r.rows, r.run});
  if (kind == "concat") {
    s.sink(s.node("Concat", {x, s.input({r.rows, r.run})}, {attr("axis", 1)}));
  } else if (kind == "split") {
    for (const std::string& part : s.node_of("Split", {x}, 2, {attr("axis", 1)})) s.sink(part);
  } else {
    const Names bounds = {s.ints({r.run / 4}), s.ints({r.run / 4 * 3}), s.ints({1})};
    s.sink(s.node("Slice", {x, bounds[0], bounds[1], bounds[2]}));
  }
  return s.take();
}

onnx_io::ModelSketch strided_slice(const Dims& dims) {
  Sketch s(fmt::format("slice_strided_{}", dims_text(dims)));
  const std::string x = s.input(dims);
  const std::int64_t rank = static_cast<std::int64_t>(dims.size());
  const std::string ends = s.ints({dims[dims.size() - 2], dims.back()});
  const std::string axes = s.ints({rank - 2, rank - 1});
  const std::string steps = s.ints({2, 2});
  for (const Dims& start : {Dims{0, 0}, Dims{1, 0}, Dims{0, 1}, Dims{1, 1}}) {
    s.sink(s.node("Slice", {x, s.ints(start), ends, axes, steps}));
  }
  return s.take();
}

struct Parts {
  std::int64_t count, rows, run;
};

onnx_io::ModelSketch many_way(const Parts& p, std::string_view kind) {
  Sketch s(fmt::format("{}_{}way_{}x{}", kind, p.count, p.rows, p.run));
  if (kind == "concat") {
    Names inputs;
    for (std::int64_t i = 0; i < p.count; ++i) inputs.push_back(s.input({p.rows, p.run}));
    s.sink(s.node("Concat", std::move(inputs), {attr("axis", 1)}));
  } else {
    const std::string x = s.input({p.rows, p.run * p.count});
    const auto count = static_cast<std::size_t>(p.count);
    for (const std::string& part : s.node_of("Split", {x}, count, {attr("axis", 1)})) s.sink(part);
  }
  return s.take();
}

/// Rows of a table by index; the table is an input, or the runtime would gather once and for all.
onnx_io::ModelSketch gather(const Runs& table, std::int64_t picks, int lanes) {
  Sketch s(fmt::format("gather_{}x{}_{}", table.rows, table.run, picks));
  const std::string x = s.input({table.rows, table.run});
  for (int lane = 0; lane < lanes; ++lane) {
    const double last = static_cast<double>(table.rows - 1);
    s.sink(s.node("Gather", {x, s.random(ir::DType::kInt64, {1, picks}, 0, last)}));
  }
  return s.take();
}

onnx_io::ModelSketch gather_elements(const Runs& r) {
  Sketch s(fmt::format("GatherElements_{}x{}", r.rows, r.run));
  const double last = static_cast<double>(r.rows - 1);
  s.sink(
      s.node("GatherElements",
             {s.input({r.rows, r.run}), s.random(ir::DType::kInt64, {r.rows / 2, r.run}, 0, last)},
             {attr("axis", 0)}));
  return s.take();
}

onnx_io::ModelSketch scatter(const Runs& r) {
  Sketch s(fmt::format("ScatterND_{}x{}", r.rows, r.run));
  const double last = static_cast<double>(r.rows - 1);
  s.sink(s.node("ScatterND",
                {s.input({r.rows, r.run}), s.random(ir::DType::kInt64, {r.rows / 2, 1}, 0, last),
                 s.input({r.rows / 2, r.run})}));
  return s.take();
}

/// An index for each element of `updates` rows.
onnx_io::ModelSketch scatter_elements(const Runs& r, std::int64_t updates) {
  Sketch s(fmt::format("ScatterElements_{}x{}_{}", r.rows, r.run, updates));
  const double last = static_cast<double>(r.rows - 1);
  s.sink(s.node("ScatterElements",
                {s.input({r.rows, r.run}), s.random(ir::DType::kInt64, {updates, r.run}, 0, last),
                 s.input({updates, r.run})},
                {attr("axis", 0)}));
  return s.take();
}

onnx_io::ModelSketch repeat(std::string_view op, const Dims& dims, const Dims& target) {
  Sketch s(fmt::format("{}_{}_{}", op, dims_text(dims), dims_text(target)));
  s.sink(s.node(op, {s.input(dims), s.ints(target)}));
  return s.take();
}

onnx_io::ModelSketch pad(const Dims& dims, const Dims& pads, std::string_view mode) {
  Sketch s(fmt::format("pad_{}_{}", mode, dims_text(dims)));
  s.sink(s.node("Pad", {s.input(dims), s.ints(pads)}, {attr("mode", std::string(mode))}));
  return s.take();
}

onnx_io::ModelSketch blocks(std::string_view op, const Dims& dims, std::int64_t size) {
  Sketch s(fmt::format("{}_{}_{}", op, dims_text(dims), size));
  s.sink(s.node(op, {s.input(dims)}, {attr("blocksize", size)}));
  return s.take();
}

onnx_io::ModelSketch where(const Dims& condition, const Dims& dims) {
  Sketch s(fmt::format("where_{}_{}", dims_text(condition), dims_text(dims)));
  const std::string c = s.input(condition, ir::DType::kBool);
  s.sink(s.node("Where", {c, s.input(dims), s.input(dims)}));
  return s.take();
}

onnx_io::ModelSketch where_scalar(const Dims& dims) {
  Sketch s(fmt::format("where_scalar_{}", dims_text(dims)));
  const std::string c = s.input(dims, ir::DType::kBool);
  s.sink(s.node("Where", {c, s.input(dims), s.scalar(-1e4)}));
  return s.take();
}

onnx_io::ModelSketch compare(std::string_view op, std::int64_t elements) {
  Sketch s(fmt::format("compare_{}_{}", op, elements));
  s.sink(s.node(op, {s.input({1, elements}), s.input({1, elements})}), ir::DType::kBool);
  return s.take();
}

onnx_io::ModelSketch cast(ir::DType from, ir::DType to, std::int64_t elements) {
  Sketch s(fmt::format("cast_{}_{}_{}", ir::name(from), ir::name(to), elements));
  const std::string x = s.input({1, elements}, from);
  s.sink(s.node("Cast", {x}, {attr("to", static_cast<std::int64_t>(to))}), to);
  return s.take();
}

onnx_io::ModelSketch resize(const Dims& dims, const std::string& mode, double scale) {
  Sketch s(fmt::format("resize_{}_{}_{}", mode, dims_text(dims), scale));
  const std::string x = s.input(dims);
  s.sink(s.node("Resize", {x, "", s.constant(ir::DType::kFloat32, {4}, {1, 1, scale, scale})},
                {attr("mode", mode), attr("nearest_mode", std::string("floor")),
                 attr("coordinate_transformation_mode",
                      std::string(mode == "nearest" ? "asymmetric" : "half_pixel"))}));
  return s.take();
}

onnx_io::ModelSketch grid_sample(const Dims& dims) {
  Sketch s(fmt::format("GridSample_{}", dims_text(dims)));
  const std::string grid = s.random(ir::DType::kFloat32, {1, dims[2], dims[3], 2}, -1, 1);
  s.sink(s.node("GridSample", {s.input(dims), grid}));
  return s.take();
}

onnx_io::ModelSketch roi_align(std::int64_t channels, std::int64_t edge, std::int64_t rois) {
  Sketch s(fmt::format("RoiAlign_{}_{}x{}_{}", channels, edge, edge, rois));
  const double middle = static_cast<double>(edge) / 2;
  std::vector<double> corners;
  for (std::int64_t i = 0; i < rois; ++i) {
    const double shift = static_cast<double>(i % 8);
    corners.insert(corners.end(), {shift, shift, shift + middle, shift + middle});
  }
  const Names boxes = {s.constant(ir::DType::kFloat32, {rois, 4}, std::move(corners)),
                       s.random(ir::DType::kInt64, {rois}, 0, 0)};
  s.sink(s.node("RoiAlign", {s.input({1, channels, edge, edge}), boxes[0], boxes[1]},
                {attr("output_height", 7), attr("output_width", 7), attr("sampling_ratio", 2)}));
  return s.take();
}

}  // namespace

Sketches transpose_models() {
  Sketches sketches;
  // Those that keep the last axis by the length of its runs, then those that move it, and at last
  // those that move others as well.
  for (const Permutation& row : std::vector<Permutation>{{{1, 128, 12, 64}, {0, 2, 1, 3}, 4},
                                                         {{1, 12, 197, 64}, {0, 2, 1, 3}, 2},
                                                         {{64, 7, 8, 7, 96}, {0, 2, 1, 3, 4}},
                                                         {{256, 128, 8}, {1, 0, 2}},
                                                         {{256, 512, 4}, {1, 0, 2}},
                                                         {{64, 32, 256}, {1, 0, 2}},
                                                         {{1, 2, 58, 28, 28}, {0, 2, 1, 3, 4}, 4},

                                                         {{1, 8, 64, 14, 14}, {0, 2, 1, 3, 4}, 2},
                                                         {{49, 3, 64, 32}, {1, 2, 0, 3}},
                                                         {{3, 384, 6, 64}, {2, 0, 1, 3}},
                                                         {{1, 128, 12, 64}, {0, 2, 3, 1}, 2},
                                                         {{1, 768, 196}, {0, 2, 1}, 2},
                                                         {{1, 56, 56, 96}, {0, 3, 1, 2}},
                                                         {{1, 96, 56, 56}, {0, 2, 3, 1}},
                                                         {{1, 3, 85, 40, 40}, {0, 1, 3, 4, 2}},
                                                         {{1, 384, 14, 14}, {0, 2, 3, 1}, 2},
                                                         {{512, 512}, {1, 0}},
                                                         {{1000, 64}, {1, 0}, 4},
                                                         {{1, 32, 112, 112}, {0, 2, 3, 1}},
                                                         {{1024, 1024}, {1, 0}},
                                                         {{1, 112, 112, 24}, {0, 3, 1, 2}},
                                                         {{64, 49, 96}, {2, 0, 1}},
                                                         {{4, 256, 12, 32}, {0, 2, 3, 1}},
                                                         {{1, 400, 2, 128}, {0, 2, 3, 1}, 2},
                                                         {{1, 4096, 8, 16}, {0, 2, 3, 1}},
                                                         {{1, 256, 4096}, {0, 2, 1}},
                                                         {{1, 7, 7, 4, 4, 128}, {0, 5, 1, 3, 2, 4}},
                                                         {{1, 48, 8, 7, 8, 7}, {0, 2, 4, 3, 5, 1}},
                                                         {{1, 4, 64, 96}, {0, 3, 2, 1}, 2},
                                                         {{96, 32, 48}, {2, 1, 0}}}) {
    sketches.push_back(transpose(row));
  }
  return sketches;
}

Sketches join_models() {
  Sketches sketches = cross(
      std::vector<Runs>{
          {32768, 4}, {16384, 16}, {8192, 64}, {1024, 256}, {256, 1024}, {128, 4096}, {1, 200704}},
      std::vector<std::string_view>{"concat", "split", "slice"}, join_model);
  append(sketches, cross(std::vector<Parts>{{3, 197, 768},
                                            {4, 784, 96},
                                            {8, 64, 1024},
                                            {6, 1024, 32},
                                            {2, 32768, 1},
                                            {3, 8192, 1}},
                         std::vector<std::string_view>{"concat", "split"}, many_way));
  for (const Dims& dims : {Dims{1, 3, 320, 320}, Dims{1, 96, 56, 56}, Dims{1, 12, 160, 160}}) {
    sketches.push_back(strided_slice(dims));
  }
  return sketches;
}

Sketches movement_models() {
  using enum ir::DType;
  Sketches sketches;
  sketches.push_back(gather({30000, 256}, 512, 2));
  sketches.push_back(gather({4000, 768}, 128, 4));
  sketches.push_back(gather({8000, 32}, 4096, 2));
  sketches.push_back(gather({20000, 4}, 20000, 2));
  sketches.push_back(gather({50000, 1}, 50000, 1));
  sketches.push_back(gather({4096, 1}, 4096, 4));
  sketches.push_back(gather_elements({2048, 64}));
  sketches.push_back(gather_elements({512, 1024}));
  sketches.push_back(scatter({1024, 768}));
  sketches.push_back(scatter({8192, 64}));
  sketches.push_back(scatter_elements({1024, 64}, 2048));
  sketches.push_back(scatter_elements({4096, 16}, 1024));
  sketches.push_back(scatter_elements({20000, 1}, 50000));
  sketches.push_back(scatter_elements({2000, 256}, 4000));
  sketches.push_back(repeat("Expand", {1, 8, 1, 512, 64}, {1, 8, 4, 512, 64}));
  sketches.push_back(repeat("Expand", {1, 197, 1}, {12, 197, 197}));
  sketches.push_back(repeat("Expand", {1, 1, 768}, {1, 512, 768}));
  sketches.push_back(repeat("Expand", {4096, 1}, {4096, 32}));
  sketches.push_back(repeat("Tile", {1, 64, 28, 28}, {1, 2, 2, 2}));
  sketches.push_back(repeat("Tile", {1, 8, 512, 64}, {1, 4, 1, 1}));
  sketches.push_back(pad({1, 64, 56, 56}, {0, 0, 1, 1, 0, 0, 1, 1}, "constant"));
  sketches.push_back(pad({1, 256, 28, 28}, {0, 0, 1, 1, 0, 0, 1, 1}, "constant"));
  sketches.push_back(pad({1, 56, 56, 96}, {0, 3, 3, 0, 0, 4, 4, 0}, "constant"));
  sketches.push_back(pad({1, 64, 56, 56}, {0, 0, 1, 1, 0, 0, 1, 1}, "reflect"));
  sketches.push_back(where({1, 262144}, {1, 262144}));
  sketches.push_back(where({1, 1, 197, 197}, {1, 12, 197, 197}));
  sketches.push_back(where_scalar({1, 12, 128, 128}));
  sketches.push_back(where_scalar({1, 524288}));
  sketches.push_back(compare("Greater", 262144));
  sketches.push_back(compare("Greater", 1048576));
  sketches.push_back(compare("Equal", 1048576));
  sketches.push_back(compare("Equal", 262144));
  sketches.push_back(cast(kInt64, kFloat32, 262144));
  sketches.push_back(cast(kFloat32, kInt64, 262144));
  sketches.push_back(cast(kFloat32, kFloat16, 524288));
  sketches.push_back(cast(kFloat16, kFloat32, 524288));
  sketches.push_back(cast(kBool, kFloat32, 262144));
  sketches.push_back(cast(kFloat32, kBool, 262144));
  sketches.push_back(blocks("DepthToSpace", {1, 256, 40, 40}, 2));
  sketches.push_back(blocks("DepthToSpace", {1, 9, 128, 128}, 3));
  sketches.push_back(blocks("SpaceToDepth", {1, 3, 320, 320}, 2));
  sketches.push_back(blocks("SpaceToDepth", {1, 64, 56, 56}, 2));
  return sketches;
}

Sketches resize_models() {
  Sketches sketches =
      cross(std::vector<Dims>{{1, 256, 20, 20}, {1, 64, 40, 40}, {1, 21, 64, 64}},
            std::vector<std::string>{"nearest", "linear"},
            [](const Dims& dims, const std::string& mode) { return resize(dims, mode, 2); });
  sketches.push_back(resize({1, 21, 28, 28}, "linear", 8));
  sketches.push_back(resize({1, 128, 80, 80}, "nearest", 2));
  sketches.push_back(resize({1, 8, 20, 20}, "cubic", 2));
  sketches.push_back(resize({1, 3, 32, 32}, "cubic", 3));
  sketches.push_back(grid_sample({1, 32, 56, 56}));
  sketches.push_back(grid_sample({1, 128, 28, 28}));
  sketches.push_back(grid_sample({1, 1, 112, 112}));
  sketches.push_back(grid_sample({1, 3, 96, 96}));
  sketches.push_back(roi_align(128, 50, 60));
  sketches.push_back(roi_align(256, 25, 20));
  return sketches;
}

}  // namespace roofline::calibrate
