#include "nodes/route.h"

#include <gtest/gtest.h>

#include "tests/nodes/no_models.h"

namespace slm {
namespace {

RouteNode route_by(const char* key) {
  RouteOptions options;
  options.by = RouteKey::parse(key);
  options.cases = {{"music", Port{}}, {"weather", Port{}}};
  options.cases[0].second.index = 0;
  options.cases[1].second.index = 1;
  options.otherwise.index = 2;
  return RouteNode{options, NoModels{}};
}

TEST(Route, FollowsTheLabel) {
  Message message;
  message.answer.label = "weather";
  EXPECT_EQ(1U, route_by("label").process(message).port());
  message.answer.label = "banking";
  EXPECT_EQ(2U, route_by("label").process(message).port());
}

TEST(Route, FollowsAField) {
  Message message;
  message.request.fields["kind"] = "music";
  EXPECT_EQ(0U, route_by("fields.kind").process(message).port());
}

TEST(Route, TakesOtherwiseWhereTheFieldIsMissing) {
  Message message;
  message.answer.label = "music";
  EXPECT_EQ(2U, route_by("fields.kind").process(message).port());
}

}  // namespace
}  // namespace slm
