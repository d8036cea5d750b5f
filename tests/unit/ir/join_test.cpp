// Owns the check of what two types have in common.
// Refuses operators: only types are joined here.
#include <gtest/gtest.h>

#include <cmath>

#include "roofline/ir/tensor_type.hpp"

namespace roofline::ir {
namespace {

using Ints = std::vector<std::int64_t>;
constexpr std::int64_t kAny = kUnknownDim;

TensorType tensor(Shape shape, DType dtype = DType::kFloat32) {
  return {.dtype = dtype, .shape = std::move(shape)};
}

TensorType container(ValueKind kind, Content content) {
  TensorType type = {.dtype = content.common.dtype, .kind = kind};
  type.content = std::make_shared<const Content>(std::move(content));
  return type;
}

TensorType sequence(Content content) { return container(ValueKind::kSequence, std::move(content)); }

TEST(Join, OfEqualTypesIsThatType) {
  TensorType x = tensor({3}, DType::kInt64);
  x.value = Ints{1, 2, 3};
  const TensorType y = join(x, x);
  EXPECT_EQ(y.dtype, DType::kInt64);
  EXPECT_EQ(y.shape, Shape({3}));
  EXPECT_EQ(y.value, x.value);
  EXPECT_FALSE(y.bound);
}

TEST(Join, DifferencesBecomeUnknown) {
  const TensorType y = join(tensor({2, 3}), tensor({2, 5}, DType::kInt64));
  EXPECT_EQ(y.dtype, DType::kUndefined);
  EXPECT_EQ(y.shape, Shape({2, kAny}));
  EXPECT_EQ(y.bound, Shape({2, 5}));
  EXPECT_FALSE(join(tensor({2}), tensor({2, 1})).shape);
  EXPECT_FALSE(join(tensor({2}), {.dtype = DType::kFloat32}).shape);
}

TEST(Join, LimitsAreTheLargerOnesIfAllAreKnown) {
  TensorType a = tensor({kAny, 4});
  EXPECT_FALSE(join(a, tensor({7, 4})).bound);
  a.bound = Shape{9, 4};
  EXPECT_EQ(join(a, tensor({7, 5})).bound, Shape({9, 5}));
  EXPECT_EQ(join(tensor({7, 5}), a).shape, Shape({kAny, kAny}));
}

TEST(Join, ElementsThatDifferBecomeUnknown) {
  TensorType a = tensor({2}, DType::kInt64);
  TensorType b = a;
  a.value = Ints{1, 2};
  b.value = Ints{1, 3};
  EXPECT_EQ(join(a, b).value, SmallValue(Ints({1, kUnknownElement})));
  a.value = std::vector<double>{1.5, 2.0};
  EXPECT_FALSE(join(a, b).value) << "floats and integers have nothing in common";
  b.value = std::vector<double>{1.5, std::nan("")};
  const TensorType y = join(a, b);
  EXPECT_EQ(std::get<std::vector<double>>(*y.value)[0], 1.5);
  EXPECT_TRUE(std::isnan(std::get<std::vector<double>>(*y.value)[1]));
  b.value.reset();
  EXPECT_FALSE(join(a, b).value);
}

TEST(Join, OfDifferentKindsKnowsNothing) {
  const TensorType y = join(tensor({2}), sequence({.common = tensor({2})}));
  EXPECT_EQ(y.kind, ValueKind::kTensor);
  EXPECT_FALSE(y.shape);
  EXPECT_EQ(y.dtype, DType::kUndefined);
}

TEST(Join, ContainersJoinElementByElement) {
  const TensorType a =
      sequence({.common = tensor({kAny}), .each = std::vector{tensor({2}), tensor({3})}});
  const TensorType b =
      sequence({.common = tensor({kAny}), .each = std::vector{tensor({2}), tensor({4})}});
  const TensorType y = join(a, b);
  ASSERT_TRUE(y.content && y.content->each);
  EXPECT_EQ(y.dtype, DType::kFloat32);
  EXPECT_EQ(y.content->common.shape, Shape({kAny}));
  EXPECT_EQ((*y.content->each)[0].shape, Shape({2}));
  EXPECT_EQ((*y.content->each)[1].shape, Shape({kAny}));
  EXPECT_EQ((*y.content->each)[1].bound, Shape({4}));
}

TEST(Join, OfDifferentLengthsKeepsWhatElementsShare) {
  const TensorType empty =
      sequence({.common = {.dtype = DType::kFloat32}, .each = std::vector<TensorType>{}});
  const TensorType one = sequence({.common = tensor({2}), .each = std::vector{tensor({2})}});
  const TensorType two =
      sequence({.common = tensor({2}), .each = std::vector{tensor({2}), tensor({2})}});
  for (const TensorType& y : {join(empty, one), join(one, two), join(two, empty)}) {
    ASSERT_TRUE(y.content);
    EXPECT_EQ(y.content->common.shape, Shape({2}));
    EXPECT_FALSE(y.content->each);
  }
  EXPECT_TRUE(join(empty, empty).content->each);
  EXPECT_FALSE(join(one, {.dtype = DType::kFloat32, .kind = ValueKind::kSequence}).content);
}

TEST(ContentOf, JoinsItsElements) {
  const Content content = content_of({tensor({2, 3}), tensor({4, 3})});
  EXPECT_EQ(content.common.shape, Shape({kAny, 3}));
  EXPECT_EQ(content.common.bound, Shape({4, 3}));
  EXPECT_EQ(content.each->size(), 2U);
  EXPECT_EQ(content_of({}, {.dtype = DType::kInt8}).common.dtype, DType::kInt8);
  const Content large = content_of(std::vector(kMaxContentElements + 1, tensor({2})));
  EXPECT_EQ(large.common.shape, Shape({2}));
  EXPECT_FALSE(large.each) << "too many to describe";
  EXPECT_EQ(large.size(), kMaxContentElements + 1);
  EXPECT_EQ(sequence(large).bytes(), Count((kMaxContentElements + 1) * 2 * 4));
  EXPECT_TRUE(sequence(large).has_exact_shape());
}

TEST(Join, OfOptionalsNests) {
  const auto maybe = [](const TensorType& held) {
    return container(ValueKind::kOptional, {.common = held, .each = std::vector{held}});
  };
  const auto list = [](const TensorType& element) {
    return sequence({.common = element, .each = std::vector{element}});
  };
  const TensorType y = join(maybe(list(tensor({2}))), maybe(list(tensor({3}))));
  const TensorType& held = y.content->each->front();
  ASSERT_TRUE(held.content);
  EXPECT_EQ(held.content->common.shape, Shape({kAny}));
}

}  // namespace
}  // namespace roofline::ir
