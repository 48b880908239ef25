#include "nodes/redaction/kinds.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace slm::redaction {
namespace {

/// A text in which the values to be found stand in ⟦⟧; none: nothing is to be found.
struct Case {
  ValueKind kind;
  const char* marked;
};

void PrintTo(const Case& given, std::ostream* out) {
  *out << given.marked;
}

std::string without(std::string text, std::string_view mark) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) text.erase(at, mark.size());
  return text;
}

std::string marked(const std::string& text, const std::vector<Span>& spans) {
  std::string result;
  std::size_t copied = 0;
  for (const Span span : spans) {
    result += text.substr(copied, span.begin - copied) + "⟦" + text.substr(span.begin, span.end - span.begin);
    result += "⟧";
    copied = span.end;
  }
  return result + text.substr(copied);
}

class Kinds : public testing::TestWithParam<Case> {};

TEST_P(Kinds, FindsWhatIsMarkedAndNothingElse) {
  const std::string expected = GetParam().marked;
  const std::string text = without(without(expected, "⟦"), "⟧");
  EXPECT_EQ(marked(text, find(GetParam().kind, text)), expected);
}

constexpr auto email = ValueKind::email;
INSTANTIATE_TEST_SUITE_P(
    Email, Kinds,
    testing::Values(
        Case{email, "⟦bob@example.org⟧"}, Case{email, "mail ⟦bob.smith+tag@mail.example.co.uk⟧, please"},
        Case{email, "<⟦bob@example.org⟧>; '⟦o'brien@example.ie⟧'"}, Case{email, "mailto:⟦bob@example.org⟧."},
        Case{email, "⟦a@b.io⟧,⟦c@d.io⟧"}, Case{email, "⟦a@b.io⟧@c.io"},
        Case{email, "...⟦bob@example.org⟧..."}, Case{email, "⟦bob_1@ex-ample.org⟧"},
        Case{email, "⟦bob@xn--mnchen-3ya.xn--p1ai⟧"}, Case{email, "⟦jörg@münchen.de⟧"},
        Case{email, "⟦иван@пример.рф⟧"}, Case{email, "我的邮箱是⟦bob@example.org⟧。"},
        Case{email, "user=⟦bob@example.org⟧&x=1"}, Case{email, "⟦bob@example.org⟧.5 and ⟦bob@example.org⟧-"},
        Case{email, "\xFF⟦bob@example.org⟧\xC3"},
        Case{email, "⟦aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg@x.org⟧"},
        // near misses
        Case{email, "bob@localhost"}, Case{email, "bob@example.o"}, Case{email, "bob@1.2.3.4"},
        Case{email, "@example.org"}, Case{email, "bob@"}, Case{email, "bob @ example.org"},
        Case{email, "bob.@example.org"}, Case{email, "bob@.example.org"}, Case{email, "bob@-example.org"},
        Case{email, "bob@my_host.org"}, Case{email, "bob@example.org_x"}, Case{email, "@@@"}, Case{email, ""},
        Case{email, "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg@x.org"}));

constexpr auto phone = ValueKind::phone;
INSTANTIATE_TEST_SUITE_P(
    Phone, Kinds,
    testing::Values(
        Case{phone, "⟦+49 30 1234567⟧"}, Case{phone, "call ⟦+49 (0)30 1234567⟧."},
        Case{phone, "tel:⟦+4915112345678⟧"}, Case{phone, "⟦+1 (415) 555-2671⟧"},
        Case{phone, "⟦+1 415 555 2671⟧ 3 times"}, Case{phone, "⟦+1.4155552671⟧"},
        Case{phone, "⟦(415) 555-2671⟧ or ⟦415-555-2671⟧ or ⟦415.555.2671⟧"}, Case{phone, "⟦1-800-555-0199⟧"},
        Case{phone, "⟦0049 30 1234567⟧"}, Case{phone, "⟦004915112345678⟧"}, Case{phone, "⟦030 1234567⟧"},
        Case{phone, "⟦(030) 1234567⟧, ⟦0171/1234567⟧, ⟦01711234567⟧"}, Case{phone, "⟦020 7946 0958⟧"},
        Case{phone, "⟦07911 123456⟧"}, Case{phone, "⟦01 23 45 67 89⟧"}, Case{phone, "⟦06-12345678⟧"},
        Case{phone, "⟦02 9374 4000⟧"}, Case{phone, "⟦+86 138 0013 8000⟧"},
        Case{phone, "⟦+49 30 1234567⟧ 7 x"},
        Case{phone,
             "⟦+44\xC2\xA0"
             "20\xC2\xA0"
             "7946\xC2\xA0"
             "0958⟧"},
        Case{phone, "(⟦030 1234567⟧)"},
        // near misses: dates, times, versions, amounts, numbers of orders, addresses of machines
        Case{phone, "01.02.2024"}, Case{phone, "01.02.2024 10:30"}, Case{phone, "2024-05-17 10:30:00"},
        Case{phone, "02/03/2024"}, Case{phone, "1234567"}, Case{phone, "4155552671"}, Case{phone, "555-1234"},
        Case{phone, "115-555-2671"}, Case{phone, "415-055-2671"}, Case{phone, "2023-415-555-2671"},
        Case{phone, "415-555-2671-9"}, Case{phone, "192.168.100.200"}, Case{phone, "+1 234"},
        Case{phone, "+123456789012345678"}, Case{phone, "+0 123 456 789"}, Case{phone, "x+4930123456"},
        Case{phone, "3+491234567"}, Case{phone, "+1 415 555 267"}, Case{phone, "0.123456789012"},
        Case{phone, "000123456789"}, Case{phone, "4111 1111 1111 1111"}, Case{phone, "a0171123456789b"},
        Case{phone, "(((((+++)))"}, Case{phone, ""}));

constexpr auto card = ValueKind::card;
INSTANTIATE_TEST_SUITE_P(
    Card, Kinds,
    testing::Values(Case{card, "⟦4111111111111111⟧"}, Case{card, "⟦4111 1111 1111 1111⟧"},
                    Case{card, "⟦5500-0000-0000-0004⟧"}, Case{card, "⟦3782 822463 10005⟧"},
                    Case{card, "⟦378282246310005⟧"}, Case{card, "⟦3056 930902 5904⟧"},
                    Case{card, "⟦6011000990139424⟧"}, Case{card, "⟦4222222222222⟧"},
                    Case{card, "⟦2223003122003222⟧"}, Case{card, "⟦6205 5000 0000 0000 004⟧"},
                    Case{card, "⟦4111.1111.1111.1111⟧"}, Case{card, "card ⟦4111 1111 1111 1111⟧ 12/25"},
                    Case{card, "no. 123 ⟦4111 1111 1111 1111⟧, thanks"},
                    Case{card,
                         "⟦4111\xC2\xA0"
                         "1111\xC2\xA0"
                         "1111\xC2\xA0"
                         "1111⟧"},
                    // near misses: a wrong checksum, length, grouping or issuer, parts of something else
                    Case{card, "4111111111111112"}, Case{card, "4111 1111 1111 1112"},
                    Case{card, "4111 1111-1111 1111"}, Case{card, "4111  1111  1111  1111"},
                    Case{card, "411 1111 1111 11111"}, Case{card, "0000000000000000"},
                    Case{card, "1111111111111117"}, Case{card, "7000000000000005"},
                    Case{card, "A4111111111111111"}, Case{card, "4111111111111111x"},
                    Case{card, "0.4111111111111111"}, Case{card, "41111111111111110000"},
                    Case{card, "4111 1111 1111"}, Case{card, "1700000000000"}, Case{card, ""}));

constexpr auto iban = ValueKind::iban;
INSTANTIATE_TEST_SUITE_P(
    Iban, Kinds,
    testing::Values(Case{iban, "⟦DE89370400440532013000⟧"},
                    Case{iban, "to ⟦DE89 3704 0044 0532 0130 00⟧ please"},
                    Case{iban, "IBAN:⟦GB29 NWBK 6016 1331 9268 19⟧."}, Case{iban, "⟦gb29nwbk60161331926819⟧"},
                    Case{iban, "⟦NO9386011117947⟧"}, Case{iban, "⟦MT84MALT011000012345MTLCAST001S⟧"},
                    Case{iban, "⟦FR14-2004-1010-0505-0001-3M02-606⟧"}, Case{iban, "⟦BE68539007547034⟧ 12"},
                    Case{iban,
                         "⟦BE68\xC2\xA0"
                         "5390\xC2\xA0"
                         "0754\xC2\xA0"
                         "7034⟧"},
                    // near misses: a wrong checksum, length or country, parts of something else
                    Case{iban, "DE88370400440532013000"}, Case{iban, "DE8937040044053201300"},
                    Case{iban, "DE893704004405320130000"}, Case{iban, "XX89370400440532013000"},
                    Case{iban, "aDE89370400440532013000"}, Case{iban, "DE89  3704 0044 0532 0130 00"},
                    Case{iban, "DE89"}, Case{iban, "DE"}, Case{iban, ""}));

constexpr auto ip = ValueKind::ip;
INSTANTIATE_TEST_SUITE_P(
    Ip, Kinds,
    testing::Values(Case{ip, "⟦10.0.0.1⟧"}, Case{ip, "at ⟦192.168.100.200⟧."}, Case{ip, "⟦10.0.0.1⟧:8080"},
                    Case{ip, "⟦10.0.0.0⟧/8"}, Case{ip, "IP:⟦10.0.0.1⟧"}, Case{ip, "[⟦::1⟧]:80"},
                    Case{ip, "⟦2001:db8::ff00:42:8329⟧"},
                    Case{ip, "⟦2001:0db8:0000:0000:0000:ff00:0042:8329⟧"}, Case{ip, "⟦fe80::1⟧%eth0"},
                    Case{ip, "⟦::ffff:192.0.2.1⟧"}, Case{ip, "it is ⟦fe80::1⟧: yes"},
                    Case{ip, "addr:⟦fe80::1⟧"}, Case{ip, "⟦1.2.3.4⟧,⟦5.6.7.8⟧"},
                    Case{ip, "from ⟦2001:db8::⟧"},
                    // near misses: numbers too large or too many, versions, times, words of programs
                    Case{ip, "256.0.0.1"}, Case{ip, "1.2.3"}, Case{ip, "1.2.3.4.5"}, Case{ip, "01.2.3.4"},
                    Case{ip, "v1.2.3.4"}, Case{ip, "1.2.3.4x"}, Case{ip, "12:30:45"}, Case{ip, "std::vector"},
                    Case{ip, "face::add"}, Case{ip, "::"}, Case{ip, "aa:bb:cc:dd:ee:01"}, Case{ip, "1::2::3"},
                    Case{ip, "12345::1"}, Case{ip, "...."}, Case{ip, ":::::::::"}, Case{ip, ""}));

std::string repeated(std::string_view text, std::size_t size) {
  std::string result;
  while (result.size() < size) result += text;
  return result;
}

// Each would take minutes where any step were quadratic.
TEST(KindsOfCruelTexts, TakeLinearTime) {
  for (const char* piece : {"1",     "1 ", "4111 ", "a",        "a@",        "@",  "a.",    "+",  "+1",
                            "(",     "(1", "0",     "0049",     ":",         "1:", ".",     "1.", "DE89",
                            "DE89 ", "d ", "\xC3",  "\xC3\xA4", "\xC3\xA4.", "a-", "fe80::"}) {
    const std::string text = repeated(piece, std::size_t{1} << 20);
    for (const auto& [name, kind] : EnumNames<ValueKind>::names) find(kind, text);
  }
}

TEST(KindsOfCruelTexts, AreFoundInOrderAndApartInAnyBytes) {
  std::mt19937 random{7};
  const std::string_view alphabet = "0123456789..::@@++--  ()/DEabcf_%\xC3\xA4\xFF\x80\"\n";
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 200, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    for (const auto& [name, kind] : EnumNames<ValueKind>::names) {
      std::size_t end = 0;
      for (const Span span : find(kind, text)) {
        ASSERT_LE(end, span.begin);
        ASSERT_LT(span.begin, span.end);
        ASSERT_LE(span.end, text.size());
        end = span.end;
      }
    }
  }
}

}  // namespace
}  // namespace slm::redaction
