#pragma once

#include <string>

namespace slm::link {

/// An `inproc://` address that nobody has, or had: libzmq frees an address some time after its socket is
/// closed.
std::string new_inproc_address();

}  // namespace slm::link
