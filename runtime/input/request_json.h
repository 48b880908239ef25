#pragma once

#include <string>

#include "graph/message.h"
#include "runtime/report/expectation.h"

namespace slm::runtime {

/// A line of JSON that reads as this request, without its id. Bytes that are not UTF-8 are replaced.
std::string request_json(const Request& request, const Expectation& expectation,
                         const std::string& text_field);

}  // namespace slm::runtime
