// Brings a node type of its own, which pipelines then use and have checked like the built-in ones.
//
//     custom_node PIPELINE TEXT

#include <slm/graph.h>

#include <iostream>
#include <ranges>

// Hides digits before a text goes further: card and telephone numbers need not reach the cloud.
class MaskDigits : public slm::Node {
 public:
  struct Options {
    int keep_last = 0;
    slm::Port to;

    static slm::Fields<Options> fields() {
      return slm::Fields<Options>{}
          .optional("keep_last", &Options::keep_last, "How many digits at the end stay readable", {.low = 0})
          .optional("to", &Options::to, "Where the masked text goes");
    }
  };

  MaskDigits(Options options, const slm::NodeContext&) : options_{std::move(options)} {}

  slm::Exit process(slm::Message& message) override {
    int seen = 0;
    for (char& letter : std::views::reverse(message.request.text))
      if (letter >= '0' && letter <= '9' && seen++ >= options_.keep_last) letter = '#';
    message.answer.text = message.request.text;
    return options_.to;
  }

 private:
  Options options_;
};

const slm::Registration<MaskDigits> registration{"mask_digits", "Hides digits"};

int main(int count, char** arguments) try {
  if (count != 3) throw std::invalid_argument{"usage: custom_node PIPELINE TEXT"};
  slm::Graph graph{slm::Pipeline::load(arguments[1])};
  std::cout << graph.submit({.text = arguments[2]}).get().answer.text << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}
