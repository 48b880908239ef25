#include "nodes/drift/options.h"

#include <charconv>
#include <stdexcept>

namespace slm {

Share Share::parse(std::string_view text) {
  const bool is_percent = text.ends_with('%');
  const std::string_view number = text.substr(0, text.size() - (is_percent ? 1 : 0));
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (is_percent) value /= 100;
  if (error != std::errc{} || end != number.data() + number.size() || !(value >= 0 && value <= 1))
    throw std::invalid_argument("`" + std::string{text} + "` is no share; expected " +
                                std::string{kExpected});
  return {value};
}

Fields<DriftOptions> DriftOptions::fields() {
  return Fields<DriftOptions>{}
      .required(
          "state", &DriftOptions::state,
          "file where the gate keeps what it has seen and the bars that it has raised; of this process alone")
      .optional("max_error", &DriftOptions::max_error,
                "largest share of what it lets through that may be wrong by the audit; left out, only its "
                "confidences are watched")
      .optional("on_error", &DriftOptions::on_error,
                "what to do where more of it is wrong: `tighten` if left out, `close` or `warn`")
      .optional(
          "on_shift", &DriftOptions::on_shift,
          "what to do where its confidences are no longer what they were: `warn` if left out, `tighten` or "
          "`close`")
      .optional(
          "keep", &DriftOptions::keep,
          "share of what it let through of late that still passes once it has tightened; 50% if left out")
      .optional(
          "false_alarm", &DriftOptions::false_alarm,
          "chance that it ever raises an alarm, of either kind, where nothing has changed; 1% if left out");
}

}  // namespace slm
