// Owns classical machine learning (ai.onnx.ml) but for its trees: features, linear models, SVMs.
// Refuses inputs that are neither a row nor rows.
#include "ml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "families.hpp"

namespace roofline::ops {

Rows rows_of(const OpContext& ctx) {
  const ir::Shape* x = ctx.shape(0);
  if (!x) return {};
  if (x->size() == 1) return {1, x->front()};
  if (x->size() == 2) return {x->front(), x->back()};
  throw RuleError("bad-rank", fmt::format("input {} has rank {}, expected 2 (rows, features) or 1",
                                          ir::to_string(*x), x->size()));
}

Labels labels_of(const OpContext& ctx, std::string_view integers) {
  const auto* text = ctx.attr_strings("classlabels_strings");
  if (text && !text->empty()) return {ir::DType::kString, static_cast<std::int64_t>(text->size())};
  const Ints* numbers = ctx.attr_ints(integers);
  return {ir::DType::kInt64, numbers ? static_cast<std::int64_t>(numbers->size()) : 0};
}

std::string_view attr_choice(const OpContext& ctx, std::string_view name,
                             std::span<const std::string_view> names) {
  const ir::Attribute* attribute = ctx.node().attribute(name);
  if (!attribute || !std::holds_alternative<std::int64_t>(attribute->value)) {
    return ctx.attr_string(name, names.front());
  }
  const auto choice = static_cast<std::size_t>(std::get<std::int64_t>(attribute->value));
  if (choice < names.size()) return names[choice];
  attribute_error(fmt::format("attribute '{}' is {}", name, choice));
}

Work transform_work(const OpContext& ctx, Count scores) {
  static constexpr std::string_view kTransforms[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO",
                                                     "PROBIT"};
  const std::string_view transform = attr_choice(ctx, "post_transform", kTransforms);
  if (transform == "LOGISTIC") return {.arithmetic = scores * 2, .transcendentals = scores};
  if (transform == "PROBIT") return {.transcendentals = scores};
  if (!transform.starts_with("SOFTMAX")) return {};
  return {.arithmetic = scores * 4, .transcendentals = scores};
}

namespace {

using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

std::int64_t attr_size(const OpContext& ctx, std::string_view name) {
  const Doubles* values = ctx.attr_floats(name);
  return values ? static_cast<std::int64_t>(values->size()) : 0;
}

void add_to(Work& work, const Work& more) {
  work.macs += more.macs;
  work.arithmetic += more.arithmetic;
  work.transcendentals += more.transcendentals;
}

// --- features

void infer_as_floats(OpContext& ctx) { ctx.set_output(0, DType::kFloat32, ctx.input(0).shape); }

/// Text becomes integers, and integers text.
void infer_category_mapper(OpContext& ctx) {
  const DType from = ctx.input(0).dtype;
  const DType to = from == DType::kUndefined ? from
                   : from == DType::kString  ? DType::kInt64
                                             : DType::kString;
  ctx.set_output(0, to, ctx.input(0).shape);
}

/// The mapping names its values by type; opset 1 maps between text and indices.
void infer_label_encoder(OpContext& ctx) {
  DType dtype = DType::kUndefined;
  if (const ir::Constant* values = ctx.attr_tensor("values_tensor"))
    dtype = values->dtype;
  else if (ctx.has_attr("values_strings"))
    dtype = DType::kString;
  else if (ctx.has_attr("values_int64s"))
    dtype = DType::kInt64;
  else if (ctx.has_attr("values_floats"))
    dtype = DType::kFloat32;
  else
    return infer_category_mapper(ctx);
  ctx.set_output(0, dtype, ctx.input(0).shape);
}

void infer_one_hot_encoder(OpContext& ctx) {
  std::optional<Shape> shape = ctx.input(0).shape;
  const Ints* numbers = ctx.attr_ints("cats_int64s");
  const auto* text = ctx.attr_strings("cats_strings");
  const std::size_t categories = numbers ? numbers->size() : text ? text->size() : 0;
  if (shape) shape->push_back(static_cast<std::int64_t>(categories));
  ctx.set_output(0, DType::kFloat32, std::move(shape));
}

/// As onnxruntime does, one row comes out for a dictionary.
void infer_dict_vectorizer(OpContext& ctx) {
  const Ints* numbers = ctx.attr_ints("int64_vocabulary");
  const auto* text = ctx.attr_strings("string_vocabulary");
  const std::size_t words = numbers ? numbers->size() : text ? text->size() : 0;
  ctx.set_output(0, ctx.input(0).dtype, Shape{1, static_cast<std::int64_t>(words)});
}

/// Without inputdimensions, all columns of all operands.
void infer_feature_vectorizer(OpContext& ctx) {
  const Ints* given = ctx.attr_ints("inputdimensions");
  std::int64_t rows = kUnknownDim;
  Count columns = 0;
  bool open = false;
  for (int i = 0; i < ctx.input_count(); ++i) {
    const Shape* x = ctx.shape(i);
    const std::int64_t size = !x || x->empty() ? kUnknownDim
                              : x->size() == 1 ? x->front()
                                               : product(std::span(*x).subspan(1));
    if (x && !x->empty()) rows = known_size(rows, x->size() == 1 ? 1 : x->front());
    open = open || size == kUnknownDim;
    if (size != kUnknownDim) columns += size;
  }
  std::int64_t width = open ? kUnknownDim : columns.value();
  if (given) {
    Count sum = 0;
    for (const std::int64_t size : *given) sum += size;
    width = sum.value();
  }
  ctx.set_output(0, DType::kFloat32, Shape{rows, width});
}

/// Columns of X by index. As onnxruntime does, a vector is taken for one row.
void infer_array_feature_extractor(OpContext& ctx) {
  const DType dtype = ctx.input(0).dtype;
  const Shape* x = ctx.shape(0);
  if (!x) return ctx.set_output(0, dtype, std::nullopt);
  if (x->empty()) throw RuleError("bad-rank", "input 0 is a scalar, expected rank 1 or more");
  Shape out = *x;
  if (out.size() == 1) out.insert(out.begin(), 1);
  out.back() = ctx.shape(1) ? product(*ctx.shape(1)) : kUnknownDim;
  ctx.set_output(0, dtype, std::move(out));
}

AccessList touch_array_feature_extractor(const OpContext& ctx) {
  AccessList list = {{.operand = 0, .elements = ctx.output_elements(), .run_length = 1}};
  read_whole(ctx, 1, Role::kBuffer, list);
  write_all(ctx, list);
  return list;
}

// --- maps

/// Dense: as many elements as the map has; sparse: as many as the attribute says.
void infer_cast_map(OpContext& ctx) {
  const std::string_view to = ctx.attr_string("cast_to", "TO_FLOAT");
  const DType dtype = to == "TO_STRING"  ? DType::kString
                      : to == "TO_INT64" ? DType::kInt64
                                         : DType::kFloat32;
  const Shape* map = ctx.shape(0);
  const bool is_sparse = ctx.attr_string("map_form", "DENSE") == "SPARSE";
  const std::int64_t size = is_sparse ? ctx.attr_int("max_map", 1)
                            : map     ? product(*map)
                                      : kUnknownDim;
  ctx.set_output(0, dtype, Shape{1, size});
}

/// A sequence of one map per row, with one entry per column.
void infer_zip_map(OpContext& ctx) {
  const Rows x = rows_of(ctx);
  const std::int64_t keys = labels_of(ctx, "classlabels_int64s").count;
  if (sizes_differ(x.features, keys)) {
    shape_error(fmt::format("rows have {} scores, there are {} labels", x.features, keys));
  }
  ir::TensorType map = {.dtype = DType::kFloat32, .shape = Shape{keys}};
  map.kind = ir::ValueKind::kMap;
  ir::Content content = {.common = std::move(map)};
  if (x.count != kUnknownDim) content.length = x.count;
  ctx.set_container(0, ir::ValueKind::kSequence, std::move(content));
}

// --- work per element

Work normalizer_work(const OpContext& ctx) {
  const std::string_view norm = ctx.attr_string("norm", "MAX");
  Work work = {.arithmetic = ctx.elements(0) * (norm == "MAX" ? 2 : 3)};
  if (norm == "L2") work.transcendentals = rows_of(ctx).count;
  return work;
}

// --- linear models

/// With one intercept for two labels the second class has what is left of the first.
void infer_linear_classifier(OpContext& ctx) {
  const Rows x = rows_of(ctx);
  const Labels labels = labels_of(ctx, "classlabels_ints");
  const std::int64_t models = attr_size(ctx, "intercepts");
  const bool is_binary = models == 1 && labels.count == 2;
  const std::int64_t scores = models == 0 || is_binary ? labels.count : models;
  ctx.set_output(0, labels.dtype, Shape{x.count});
  ctx.set_output(1, DType::kFloat32, Shape{x.count, scores == 0 ? kUnknownDim : scores});
}

/// One product with the coefficients, then an intercept each.
Work linear_work(const OpContext& ctx, std::int64_t models) {
  const Rows x = rows_of(ctx);
  Work work = contract({.m = x.count, .n = models, .k = x.features});
  work.arithmetic = Count(x.count) * (ctx.has_attr("intercepts") ? models : 0);
  return work;
}

Work linear_classifier_work(const OpContext& ctx) {
  const Rows x = rows_of(ctx);
  const std::int64_t weights = attr_size(ctx, "coefficients");
  const std::int64_t models = x.features > 0 ? weights / x.features : 0;
  Work work = linear_work(ctx, models);
  work.arithmetic += Count(x.count) * models;
  add_to(work, transform_work(ctx, ctx.output_elements(1)));
  return work;
}

std::int64_t targets(const OpContext& ctx) {
  const std::int64_t count = ctx.attr_int("targets", 1);
  if (count < 1) attribute_error(fmt::format("attribute 'targets' is {}", count));
  return count;
}

void infer_linear_regressor(OpContext& ctx) {
  ctx.set_output(0, DType::kFloat32, Shape{rows_of(ctx).count, targets(ctx)});
}

Work linear_regressor_work(const OpContext& ctx) {
  Work work = linear_work(ctx, targets(ctx));
  add_to(work, transform_work(ctx, ctx.output_elements()));
  return work;
}

// --- support vector machines

/// Every row against every support vector.
Work kernel_work(const OpContext& ctx, std::int64_t vectors) {
  const Rows x = rows_of(ctx);
  const Count pairs = Count(x.count) * vectors;
  Work work = contract({.m = x.count, .n = vectors, .k = x.features});
  const std::string_view kernel = ctx.attr_string("kernel_type", "LINEAR");
  if (kernel == "LINEAR") return work;
  // Gamma and coef0, then the function; the RBF kernel multiplies by gamma and subtracts first.
  work.arithmetic = kernel == "RBF" ? work.macs + pairs : pairs * 2;
  work.transcendentals = pairs;
  return work;
}

/// No support vectors: a linear model, whatever kernel_type says.
std::int64_t svm_vectors(const OpContext& ctx) {
  const Ints* per_class = ctx.attr_ints("vectors_per_class");
  if (!per_class) return 0;
  Count sum = 0;
  for (const std::int64_t count : *per_class) sum += std::max<std::int64_t>(count, 0);
  return sum.value();
}

/// Pairs of classes that vote against each other.
Count class_pairs(std::int64_t classes) {
  return Count((Count(classes) * std::max<std::int64_t>(classes - 1, 0)).value() / 2);
}

/// Without probabilities the scores are the votes of pairs of classes, two at least.
void infer_svm_classifier(OpContext& ctx) {
  const Rows x = rows_of(ctx);
  const Labels labels = labels_of(ctx, "classlabels_ints");
  std::int64_t scores = labels.count;
  if (svm_vectors(ctx) > 0 && attr_size(ctx, "prob_a") == 0) {
    scores = labels.count > 2 ? class_pairs(labels.count).value() : 2;
  }
  ctx.set_output(0, labels.dtype, Shape{x.count});
  ctx.set_output(1, DType::kFloat32, Shape{x.count, scores});
}

Work svm_classifier_work(const OpContext& ctx) {
  const Rows x = rows_of(ctx);
  const std::int64_t classes = labels_of(ctx, "classlabels_ints").count;
  const std::int64_t vectors = svm_vectors(ctx);
  Work work;
  if (vectors > 0) {
    const Count votes = Count(x.count) * class_pairs(classes);
    work = kernel_work(ctx, vectors);
    work.macs += Count(x.count) * vectors * std::max<std::int64_t>(classes - 1, 0);
    work.arithmetic += votes * 2;
    if (attr_size(ctx, "prob_a") > 0)
      add_to(work, {.arithmetic = votes * 7, .transcendentals = votes});
  } else {
    work = contract({.m = x.count, .n = classes, .k = x.features});
    work.arithmetic = Count(x.count) * classes * 2;
  }
  add_to(work, transform_work(ctx, ctx.output_elements(1)));
  return work;
}

void infer_svm_regressor(OpContext& ctx) {
  ctx.set_output(0, DType::kFloat32, Shape{rows_of(ctx).count, 1});
}

Work svm_regressor_work(const OpContext& ctx) {
  const Rows x = rows_of(ctx);
  const std::int64_t vectors = std::max<std::int64_t>(ctx.attr_int("n_supports", 0), 0);
  Work work =
      vectors > 0 ? kernel_work(ctx, vectors) : contract({.m = x.count, .n = 1, .k = x.features});
  work.macs += Count(x.count) * vectors;
  work.arithmetic += Count(x.count) * (ctx.attr_int("one_class", 0) != 0 ? 2 : 1);
  add_to(work, transform_work(ctx, ctx.output_elements()));
  return work;
}

// --- rows

constexpr OpSpec move_ml(std::string_view type, Arity arity, InferFn infer, AccessFn access) {
  OpSpec row = move(type, 1, arity, infer, access);
  row.domain = kMlDomain;
  return row;
}

constexpr Confidence kRough = Confidence::kApproximate;
constexpr std::string_view kLookUp = "1 per element (a look-up)";

constexpr OpSpec kMlOps[] = {
    move_ml("ArrayFeatureExtractor", {2, 2}, infer_array_feature_extractor,
            touch_array_feature_extractor),
    move_ml("FeatureVectorizer", {1, kMany}, infer_feature_vectorizer, touch_all),
    move_ml("CastMap", {1, 1}, infer_cast_map, touch_all),
    move_ml("ZipMap", {1, 1}, infer_zip_map, touch_all),
    ml("Binarizer", 1, {1, 1}, same_as_input, per_input<1>, "1 per element (compare)"),
    ml("Imputer", 1, {1, 1}, same_as_input, per_input<2>, "2 per element (compare, select)"),
    ml("Scaler", 1, {1, 1}, infer_as_floats, per_input<2>, "2 per element (sub, mul)"),
    ml("Normalizer", 1, {1, 1}, infer_as_floats, normalizer_work,
       "2 per element (max, div); L1, L2: 3 (abs or mul, add, div); L2: a square root per row"),
    ml("CategoryMapper", 1, {1, 1}, infer_category_mapper, per_input<1>, kLookUp, kRough),
    ml("LabelEncoder", 1, {1, 1}, infer_label_encoder, per_input<1>, kLookUp, kRough),
    ml("OneHotEncoder", 1, {1, 1}, infer_one_hot_encoder, per_input<1>, kLookUp, kRough),
    ml("DictVectorizer", 1, {1, 1}, infer_dict_vectorizer, per_output<1>,
       "1 per word of the vocabulary (a look-up)", kRough),
    ml("LinearClassifier", 1, {1, 1, 2, 2}, infer_linear_classifier, linear_classifier_work,
       "2*N*C*models, models = coefficients/C; + 2 per score (add, compare); + post_transform"),
    ml("LinearRegressor", 1, {1, 1}, infer_linear_regressor, linear_regressor_work,
       "2*N*C*targets; + 1 per score with intercepts; + post_transform"),
    ml("SVMClassifier", 1, {1, 1, 2, 2}, infer_svm_classifier, svm_classifier_work,
       "2*N*C*vectors (kernels), + 2 and an evaluation each unless linear (RBF: C + 1); + "
       "2*N*vectors*(classes - 1), 2 per vote; + 7 and an exp per vote for probabilities, without "
       "the iteration that couples them; without vectors 2*N*C*classes; + post_transform",
       kRough),
    ml("SVMRegressor", 1, {1, 1}, infer_svm_regressor, svm_regressor_work,
       "2*N*C*vectors (kernels), + 2 and an evaluation each unless linear (RBF: C + 1); + "
       "2*N*vectors, 1 per row; without vectors 2*N*C; + post_transform",
       kRough),
};

}  // namespace

std::span<const OpSpec> ml_ops() { return kMlOps; }

}  // namespace roofline::ops
