#include "nodes/link/curve_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zmq.h>

#include <functional>

#include "nodes/link/key_files.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::link {
namespace {

using testing::TemporaryFolder;

// The pair of the ZeroMQ documentation.
constexpr const char* kPublic = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
constexpr const char* kSecret = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const KeyError& error) {
    return error.problem();
  }
  return "no error";
}

class KeyFiles : public ::testing::Test {
 protected:
  std::filesystem::path secret_file(const std::string& text, mode_t mode = 0600) {
    const auto file = folder_.write("a.key", text);
    ::chmod(file.c_str(), mode);
    return file;
  }
  std::string secret_problem(const std::string& text, mode_t mode = 0600) {
    return message_of([&] { read_secret_key(secret_file(text, mode)); });
  }
  std::string public_problem(const std::string& text) {
    return message_of([&] { read_public_keys(folder_.write("a.pub", text)); });
  }

  TemporaryFolder folder_;
};

TEST(CurveKeys, ASecretKeyGivesItsPublicOne) {
  EXPECT_EQ(SecretKey::of_text(kSecret)->public_key().text(), kPublic);
  EXPECT_NE(new_secret_key().public_key(), new_secret_key().public_key());
}

TEST(CurveKeys, TextsAreKeysOnlyWhereLibzmqTakesThem) {
  EXPECT_EQ(PublicKey::of_text(kPublic)->text(), kPublic);
  EXPECT_FALSE(PublicKey::of_text(""));
  EXPECT_FALSE(PublicKey::of_text(std::string{kPublic}.substr(1)));
  EXPECT_FALSE(PublicKey::of_text(std::string{kPublic} + "00000"));
  EXPECT_FALSE(PublicKey::of_text(std::string(40, ' ')));
  EXPECT_FALSE(PublicKey::of_text(std::string(40, '\0')));
  EXPECT_FALSE(PublicKey::of_text(std::string(39, '0') + "\xff"));
  EXPECT_FALSE(SecretKey::of_text(std::string(40, '#')));
  EXPECT_FALSE(PublicKey::of_bytes("short"));
}

TEST(CurveKeys, NoKeyBeginsAsACommentDoes) {
  std::string text(40, '0');
  EXPECT_TRUE(PublicKey::of_text(text));
  text.front() = '#';
  EXPECT_FALSE(PublicKey::of_text(text));
}

TEST_F(KeyFiles, WhatIsWrittenIsRead) {
  const SecretKey key = new_secret_key();
  write_secret_key(key, folder_ / "edge.key", Overwrite::no);
  write_public_key(key.public_key(), folder_ / "edge.pub", Overwrite::no);
  EXPECT_STREQ(read_secret_key(folder_ / "edge.key").secret_text(), key.secret_text());
  EXPECT_EQ(read_public_keys(folder_ / "edge.pub"), std::vector{key.public_key()});
  EXPECT_EQ(stamp_of(folder_ / "edge.key")->mode & 07777U, 0600U);
  EXPECT_EQ(stamp_of(folder_ / "edge.pub")->mode & 07777U, 0644U);
}

TEST_F(KeyFiles, AreOverwrittenOnlyWhereThatIsWanted) {
  const SecretKey first = new_secret_key(), second = new_secret_key();
  write_secret_key(first, folder_ / "edge.key", Overwrite::no);
  EXPECT_EQ(message_of([&] { write_secret_key(second, folder_ / "edge.key", Overwrite::no); }),
            "is there already and was left as it is");
  EXPECT_STREQ(read_secret_key(folder_ / "edge.key").secret_text(), first.secret_text());
  write_secret_key(second, folder_ / "edge.key", Overwrite::yes);
  EXPECT_STREQ(read_secret_key(folder_ / "edge.key").secret_text(), second.secret_text());
  const std::filesystem::directory_iterator files{folder_.path()};
  EXPECT_EQ(std::distance(begin(files), end(files)), 1) << "a temporary file is left";
}

TEST_F(KeyFiles, ASecretKeyThatOthersCanReachIsRefused) {
  for (const mode_t mode : {0604U, 0640U, 0660U, 0602U, 0644U})
    EXPECT_NE(secret_problem(kSecret, mode).find("expected 0600 (`chmod 600 a.key`)"), std::string::npos)
        << mode;
  EXPECT_EQ(secret_problem(kSecret, 0600), "no error");
  EXPECT_EQ(secret_problem(kSecret, 0400), "no error");
}

TEST_F(KeyFiles, OfTheWrongKindAreNamed) {
  write_secret_key(new_secret_key(), folder_ / "edge.key", Overwrite::no);
  write_public_key(new_secret_key().public_key(), folder_ / "edge.pub", Overwrite::no);
  EXPECT_EQ(message_of([&] { read_public_keys(folder_ / "edge.key"); }),
            "holds a secret key; expected the public one, which `slm-graph keygen --public edge.key` prints");
  ::chmod((folder_ / "edge.pub").c_str(), 0600);
  EXPECT_EQ(message_of([&] { read_secret_key(folder_ / "edge.pub"); }),
            "holds a public key; expected the secret one");
}

TEST_F(KeyFiles, TellWhatIsWrongWithoutShowingIt) {
  EXPECT_EQ(secret_problem(""), "holds no secret key; expected one, as `slm-graph keygen` writes it");
  EXPECT_EQ(secret_problem("# a\nhunter2\n"),
            "line 2 has 7 bytes that are no key; expected 40 characters of Z85");
  EXPECT_EQ(secret_problem(std::string{kSecret} + "\n" + kSecret), "holds 2 keys; expected one secret key");
  EXPECT_EQ(secret_problem(std::string(20'000, 'a')), "is larger than 16384 bytes; expected a few lines");
  EXPECT_EQ(public_problem("\n# nothing\n\n"), "holds no public key; expected one or more");
  EXPECT_EQ(public_problem(std::string("\0\xff\x01\n", 4)),
            "line 1 has 3 bytes that are no key; expected 40 characters of Z85");
  EXPECT_EQ(message_of([&] { read_public_keys(folder_.path()); }), "is a folder; expected a file");
  EXPECT_EQ(message_of([&] { read_public_keys(folder_ / "no"); }),
            "cannot be read: No such file or directory");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(message_of([&] { read_public_keys(folder_ / "pipe"); }), "is not a regular file");
}

TEST_F(KeyFiles, HoldSeveralPublicKeysAndOtherLineEnds) {
  const std::string other = new_secret_key().public_key().text();
  std::string text{"\t"};
  text.append(kPublic).append("  \r\n\r\n# next year's\r\n").append(other).append("\r\n").append(kPublic);
  const auto keys = parse_public_keys(text, "a.pub");
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].text(), kPublic);
  EXPECT_EQ(keys[1].text(), other);
}

std::string certificate(const std::string& keys) {
  return "#   ****  Generated on 2024-05-03 by CZMQ  ****\n#   ZeroMQ CURVE Certificate\n\n"
         "metadata\n    email = \"a@example.com\"\ncurve\n" +
         keys;
}

TEST_F(KeyFiles, MayBeCertificatesOfCzmq) {
  const std::string public_line = std::string{"    public-key = \""} + kPublic + "\"\n";
  const std::string secret_line = std::string{"    secret-key = \""} + kSecret + "\"\n";
  EXPECT_EQ(parse_public_keys(certificate(public_line), "c").front().text(), kPublic);
  EXPECT_EQ(parse_public_keys(certificate(public_line + secret_line), "c").front().text(), kPublic);
  EXPECT_STREQ(read_secret_key(secret_file(certificate(public_line + secret_line))).secret_text(), kSecret);
  EXPECT_EQ(public_problem(certificate("")), "holds no public key; expected one or more");
  EXPECT_EQ(secret_problem(certificate(public_line)),
            "holds no secret key; expected one, as `slm-graph keygen` writes it");
  EXPECT_EQ(public_problem(certificate("    public-key = \"short\"\n")),
            "line 7 has 5 bytes that are no key; expected 40 characters of Z85");
  const std::string stranger = new_secret_key().public_key().text();
  EXPECT_EQ(secret_problem(certificate("public-key = '" + stranger + "'\n" + secret_line)),
            "its public key does not belong to its secret key");
}

}  // namespace
}  // namespace slm::link
