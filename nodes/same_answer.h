#pragma once

#include <string_view>

#include "graph/message.h"

namespace slm {

/// Whether two answers are alike but for blanks around them, or are both JSON and the same value, however it
/// is written and in whatever order an object's members stand. Any thread.
bool says_the_same(std::string_view a, std::string_view b);

/// What an answer says: a generator's text, or a classifier's label; without blanks around it.
std::string_view said_by(const Answer& answer);

}  // namespace slm
