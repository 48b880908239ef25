#include "models/output/json_schema.h"

#include <gtest/gtest.h>

#include "models/model.h"
#include "models/output/gbnf_check.h"
#include "models/output/integer_range.h"
#include "models/output/json_schema_grammar.h"

namespace slm::output {
namespace {

std::string error_of(const std::string& schema) {
  try {
    to_gbnf(JsonSchema::parse(schema));
    return {};
  } catch (const ModelError& error) {
    return error.what();
  }
}

struct Refused {
  const char* schema;
  const char* says;
};

TEST(JsonSchema, SaysWhereItIsNotUnderstood) {
  const Refused examples[] = {
      {R"({"type": "strong"})", "at /type: found \"strong\", expected object"},
      {R"({"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}}})",
       "at /properties/a/pattern: `pattern` is not supported"},
      {R"({"type": "array", "prefixItems": []})", "at /prefixItems:"},
      {R"({"type": "object", "properties": {"a/b": {"not": {}}}})", "at /properties/a~1b/not:"},
      {R"({"allOf": []})", "at /allOf:"},
      {R"({"type": "object", "properties": {}, "required": ["b"]})", "at /required: \"b\" is not among"},
      {R"({"type": "object", "patternProperties": {}})", "at /patternProperties:"},
      {R"({"$ref": "http://example.org/x"})", "at /$ref: found"},
      {R"({"$ref": "#/$defs/x"})", "at /$ref: there is no #/$defs/x"},
      {R"({"$ref": "#/$defs/x", "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"$ref": "#/$defs/x"}}})",
       "refers to itself without end"},
      {R"({"anyOf": []})", "at /anyOf: expected a list"},
      {R"({"anyOf": [{"type": "string"}], "minLength": 3})", "at /minLength:"},
      {R"({"enum": []})", "at /enum:"},
      {R"({"enum": ["a"], "type": "integer"})", "at /enum: no value is of the schema's type"},
      {R"({"type": "string", "minLength": -1})", "at /minLength: found -1, expected a count"},
      {R"({"type": "array", "minItems": 3, "maxItems": 2})", "at /maxItems: less than `minItems`"},
      {R"({"type": "number", "maximum": 3.5})", "only `minimum: 0` can be held to"},
      {R"({"type": "integer", "minimum": 4, "maximum": 3})", "no integer is within the bounds"},
      {R"({"type": "integer", "multipleOf": 5})", "at /multipleOf:"},
      {R"({"type": "string", "minItems": 2})", "at /minItems:"},
      {R"(false)", "its root: `false` allows nothing"},
      {R"([])", "its root: a schema is an object"},
      {R"({"type": )", "JSON schema: "},
  };
  for (const Refused& example : examples)
    EXPECT_NE(error_of(example.schema).find(example.says), std::string::npos) << example.schema << '\n'
                                                                              << error_of(example.schema);
}

TEST(JsonSchema, IgnoresAnnotations) {
  EXPECT_EQ(error_of(R"({"$schema": "x", "title": "t", "description": "d", "type": "string", "format": "date",
                         "default": "", "examples": [1]})"),
            "");
}

/// Texts before the empty string satisfy the schema, texts after it do not.
struct Judged {
  const char* schema;
  std::vector<const char*> good;
  std::vector<const char*> bad;
};

const std::vector<Judged>& judgements() {
  static const std::vector<Judged> all{
      {R"({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]})",
       {R"({"a":"x"})", R"({"a":"x","b":1})", R"({"b":1,"a":"ä"})", R"({"a":"x","b":2.0})"},
       {"{}", R"({"b":1})", R"({"a":1})", R"({"a":"x","b":1.5})", R"({"a":"x","c":1})",
        R"({"a":"x","a":"y"})", R"({"a":"x"} {})", R"({"a":"x")", "", "[]", "\"a\"", "{\"a\":\"\xFF\"}"}},
      {R"({"type": "object"})", {"{}", R"({"any":{"thing":[1,null]}})"}, {R"({"a":1,"a":2})", R"([{}])"}},
      {R"({"type": "object", "properties": {"n": {"type": "null"}}, "additionalProperties": {"type": "boolean"}})",
       {R"({"n":null,"x":true})", "{}"},
       {R"({"x":1})", R"({"n":true})"}},
      {R"({"type": "array", "items": {"enum": ["a", 1, null]}, "minItems": 1, "maxItems": 3, "uniqueItems": true})",
       {R"(["a"])", R"([1,null,"a"])", "[1.0]"},
       {"[]", R"(["b"])", R"(["a","a"])", R"([1,1.0])", R"([1,null,"a",1])"}},
      {R"({"type": "string", "minLength": 2, "maxLength": 3})",
       {R"("ab")", R"("äöü")", R"("\u00e4b")"},
       {R"("a")", R"("abcd")"}},
      {R"({"type": "integer", "minimum": -3, "exclusiveMaximum": 12})",
       {"-3", "0", "11"},
       {"-4", "12", "1.5", "\"1\""}},
      {R"({"type": ["string", "null"], "maxLength": 1})", {R"("a")", "null"}, {R"("ab")", "1"}},
      {R"({"oneOf": [{"type": "integer"}, {"type": "number"}]})", {"1.5"}, {"1", "\"a\""}},
      {R"({"anyOf": [{"type": "integer"}, {"const": {"a": [1]}}]})",
       {"1", R"({"a":[1]})", R"({"a": [1.0]})"},
       {"1.5", R"({"a":[2]})"}},
      {R"({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}})",
       {"[]", "[[],[[]]]"},
       {"[1]", "[[[null]]]"}},
  };
  return all;
}

TEST(JsonSchema, TellsTextsThatSatisfyItFromOthers) {
  for (const Judged& judged : judgements()) {
    const JsonSchema schema = JsonSchema::parse(judged.schema);
    for (const char* text : judged.good)
      EXPECT_FALSE(schema.violation(text)) << judged.schema << '\n'
                                           << text << '\n'
                                           << *schema.violation(text);
    for (const char* text : judged.bad) EXPECT_TRUE(schema.violation(text)) << judged.schema << '\n' << text;
  }
}

TEST(JsonSchema, SaysWhereATextViolatesIt) {
  const JsonSchema schema = JsonSchema::parse(
      R"({"type": "object", "properties": {"list": {"type": "array", "items": {"type": "integer", "minimum": 0}}}})");
  EXPECT_EQ(schema.violation(R"({"list":[1,-2]})"), "/list/1: below the minimum");
  EXPECT_EQ(schema.violation(R"({"list":[1,"a"]})"), "/list/1: expected an integer, found string");
  EXPECT_EQ(schema.violation(R"({"last":[]})"), "the root: `last` is not allowed");
}

TEST(JsonSchemaGrammar, IsAGrammarThatLlamaCppCanRead) {
  for (const Judged& judged : judgements())
    EXPECT_NO_THROW(check_gbnf(to_gbnf(JsonSchema::parse(judged.schema)))) << judged.schema;
}

TEST(IntegerRange, HasThePatternsThatCoverIt) {
  EXPECT_EQ(integer_range_gbnf(0, 9), "[0-9]");
  EXPECT_EQ(integer_range_gbnf(7, 7), "[7]");
  EXPECT_EQ(integer_range_gbnf(0, 255),
            "[0-9] | [1-9] [0-9]{1} | [1] [0-9]{2} | [2][0-4] [0-9]{1} | [2][5][0-5]");
  EXPECT_EQ(integer_range_gbnf(-5, 12), "\"-\" [1-5] | [0-9] | [1][0-2]");
  EXPECT_EQ(integer_range_gbnf(-12, -10), "\"-\" [1][0-2]");
  EXPECT_EQ(integer_range_gbnf(3, 2), "");
}

std::string gbnf_error(const std::string& grammar) {
  try {
    check_gbnf(grammar);
    return {};
  } catch (const ModelError& error) {
    return error.what();
  }
}

TEST(GbnfCheck, AcceptsWhatLlamaCppReads) {
  for (const char* grammar : {"root ::= \"a\"", "root ::= [a-z]+ # all\n",
                              "root ::= (\n \"a\" |\n b )* .\nb ::= [^\\x41\\]\\u00e4]{2,} \"\\\"\"",
                              "root ::=\n  \"x\"{3} | a-b?\na-b ::= \"\"\n"})
    EXPECT_EQ(gbnf_error(grammar), "") << grammar;
}

TEST(GbnfCheck, SaysWhereAMistakeIs) {
  const Refused examples[] = {
      {"", "there is no rule `root`"},
      {"rood ::= \"a\"", "there is no rule `root`"},
      {"root ::= a b\na ::= \"x\"", "grammar:1:12: there is no rule `b`"},
      {"root ::= \"a", "grammar:1:12: expected the end of the text"},
      {"root ::= [", "expected the end of the text"},
      {"root ::= []", "grammar:1:10: the set of characters is empty"},
      {"root ::= (\"a\"", "grammar:1:14: expected `)`, found the end"},
      {"root = \"a\"", "grammar:1:6: expected `:`, found `=`"},
      {"root ::= \"a\"\nroot2 ::= * \"b\"", "grammar:2:11: expected the end of the rule, found `*`"},
      {"root ::= \"a\"{3,2}", "the repetition ends before it begins"},
      {"root ::= \"a\"{99999}", "more than 2000 repetitions"},
      {"root ::= \"\\q\"", "grammar:1:11: the escape is unknown"},
      {"root ::= \"\\x4\"", "expected a hexadecimal digit"},
      {"root ::= <think>", "tokens as parts of a grammar"},
  };
  for (const Refused& example : examples)
    EXPECT_NE(gbnf_error(example.schema).find(example.says), std::string::npos) << example.schema << '\n'
                                                                                << gbnf_error(example.schema);
  EXPECT_NE(gbnf_error("root ::= " + std::string(100'000, '(')).find("nested too deeply"), std::string::npos);
  EXPECT_NE(gbnf_error(std::string("root ::= \"a\0\"", 13)).find("a zero byte"), std::string::npos);
}

}  // namespace
}  // namespace slm::output
