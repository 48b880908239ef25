#pragma once

#include <string>
#include <string_view>

#include "runtime/input/source.h"

namespace slm::runtime {

/// Reads a request from a JSON object into `item`, whose `line` is set: the text under `text_field` (or
/// `messages`, as chat APIs have them, whose last one of role `user` is then the text), and optionally `id`,
/// `timeout_ms`, `privacy`, `priority`, `expected`, `expected_outcome` and `label`. Other members become
/// fields of the request: text as it is, everything else as JSON. What is wrong is told in `item.problem`,
/// with as much of the item filled in as could be read.
void read_json_request(std::string_view json, const std::string& text_field, InputItem& item);

}  // namespace slm::runtime
