// Appends to a spool and removes what is durable, half of it, until it is killed; tells each step on a line.
//
//   spool_writer FILE PAYLOAD_BYTES

#include <unistd.h>

#include <cstdlib>
#include <semaphore>
#include <string>

#include "nodes/link/spool.h"

namespace {

/// Lines as short as this are written whole, from whatever thread.
void tell(const std::string& line) {
  const auto text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::_Exit(1);
}

}  // namespace

int main(int, char** arguments) {
  using slm::link::Spool;
  Spool spool{{.file = arguments[1], .pipeline = "assistant", .pipeline_hash = 7}};
  const std::string filler(std::strtoull(arguments[2], nullptr, 10), '.');
  std::counting_semaphore<> slots{64};
  tell("opened");
  while (true) {
    slots.acquire();
    const auto id = spool.take_id();
    const auto name = to_string(id);
    tell("append " + name);
    spool.append({.id = id, .header = name, .payload = name + filler}, [&, id, name](const auto& problem) {
      if (problem) std::_Exit(1);
      tell("durable " + name);
      if (id.sequence % 2 == 0) {
        tell("remove " + name);
        spool.remove(id);
        tell("removed " + name);
      }
      slots.release();
    });
  }
}
