#include "graph/endpoint.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace slm {
namespace {

TEST(Endpoints, AreLocalOnlyWhereNoOtherMachineReachesThem) {
  for (const char* text : {"tcp://127.0.0.1:1", "tcp://127.255.0.9:65535", "tcp://[::1]:5555",
                           "tcp://[0:0:0:0:0:0:0:1]:5555", "tcp://[::ffff:127.0.0.1]:5555",
                           "tcp://localhost:5555", "ipc:///run/slm.sock", "ipc://slm.sock", "ipc://@slm"})
    EXPECT_TRUE(Endpoint::parse(text).is_local()) << text;
  for (const char* text : {"tcp://*:5555", "tcp://0.0.0.0:5555", "tcp://[::]:5555", "tcp://192.168.0.1:5555",
                           "tcp://10.127.0.1:5555", "tcp://[2001:db8::1]:5555", "tcp://[fe80::1%eth0]:5555",
                           "tcp://[::ffff:10.0.0.1]:5555", "tcp://cloud.example:5555",
                           "tcp://localhost.example:5555", "tcp://127.example:5555", "tcp://lo:5555"})
    EXPECT_FALSE(Endpoint::parse(text).is_local()) << text;
}

TEST(Endpoints, AreGivenToZeroMqAsTheyWereWritten) {
  for (const char* text : {"tcp://*:5555", "tcp://127.0.0.1:*", "tcp://[::1]:5555", "tcp://cloud.example:80",
                           "ipc:///run/slm.sock"})
    EXPECT_EQ(Endpoint::parse(text).text(), text);
  EXPECT_TRUE(Endpoint::parse("tcp://[fe80::1%eth0]:1").is_ipv6());
  EXPECT_FALSE(Endpoint::parse("tcp://127.0.0.1:1").is_ipv6());
  EXPECT_TRUE(Endpoint::parse("tcp://[::]:1").is_wildcard());
  EXPECT_FALSE(Endpoint::parse("ipc://slm.sock").is_wildcard());
  EXPECT_TRUE(Endpoint::parse("tcp://eth0:1").is_named());
  EXPECT_FALSE(Endpoint::parse("tcp://*:1").is_named());
}

TEST(Endpoints, RefuseWhatLibzmqWouldTakeForSomethingElse) {
  for (const char* text : {"",
                           "tcp://",
                           "tcp://:",

                           "tcp://127.1:5555",
                           "tcp://1:5555",
                           "tcp://a:-1",
                           "tcp://a:+1",
                           "tcp://a:0x1",
                           "tcp://a:1 ",
                           "tcp://a:1/",
                           "tcp://a;b:1",
                           "tcp://[a]:1",
                           "tcp://[127.0.0.1]:1",
                           "tcp://[::1]5555",
                           "tcp://[::1:5555",
                           "tcp://a\n:1",
                           "ipc://*",
                           "ipc://@",
                           "inproc://a",
                           "TCP://a:1",
                           "a:1"})
    EXPECT_THROW(Endpoint::parse(text), std::invalid_argument) << text;
}

}  // namespace
}  // namespace slm
