#pragma once

#include <string>

#include "runtime/input/source.h"

namespace slm::runtime {

/// Reads what most lines are, at a tenth of the time that `read_json_request` takes: an object of texts and
/// whole numbers, without deadlines and expected outcomes but with labels. False, with `item` untouched,
/// where the line is anything else, right or wrong. `json` may grow in capacity. Any thread.
bool read_plain_request(std::string& json, const std::string& text_field, InputItem& item);

}  // namespace slm::runtime
