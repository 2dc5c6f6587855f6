#include "bench/plot.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace braid {

namespace {

constexpr double width = 960;
constexpr double height = 420;
constexpr double left = 70;
constexpr double right = 20;
constexpr double top = 40;
constexpr double bottom = 50;

std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", x);
  return text;
}

/// Where values lie on the page.
class frame {
public:
  explicit frame(const plot& of) : least_(of.least), low_(of.least) {
    first_ = 1e300;
    last_ = -1e300;
    for (auto& line : of.lines)
      for (auto& [x, y] : line.points) {
        first_ = std::min(first_, x);
        last_ = std::max(last_, x);
        high_ = std::max(high_, y);
      }
    if (last_ <= first_)
      last_ = first_ + 1;
    high_ = is_logarithmic() ? std::max(high_ * 1.2, low_ * 10) : high_ * 1.1;
    if (high_ <= low_)
      high_ = low_ + 1;
  }

  double x(double value) const {
    return left + (value - first_) / (last_ - first_) * (width - left - right);
  }

  double y(double value) const {
    auto share = is_logarithmic() ? std::log(std::max(value, low_) / low_)
                                      / std::log(high_ / low_)
                                  : value / high_;
    return height - bottom - share * (height - top - bottom);
  }

  std::vector<double> ticks_up() const {
    std::vector<double> result;
    if (is_logarithmic()) {
      for (auto at = low_; at <= high_; at *= 10)
        result.push_back(at);
      return result;
    }
    for (auto at = 0.0; at <= high_; at += step(high_))
      result.push_back(at);
    return result;
  }

  std::vector<double> ticks_across() const {
    std::vector<double> result;
    auto by = step(last_ - first_);
    for (auto at = std::ceil(first_ / by) * by; at <= last_; at += by)
      result.push_back(at);
    return result;
  }

private:
  bool is_logarithmic() const {
    return least_ > 0;
  }

  /// 1, 2 or 5 of some power of ten: about eight of them in `range`.
  static double step(double range) {
    auto power = std::pow(10, std::floor(std::log10(range / 8)));
    for (auto factor : {1.0, 2.0, 5.0})
      if (range / (factor * power) <= 8)
        return factor * power;
    return 10 * power;
  }

  double least_ = 0;
  double low_ = 0;
  double high_ = 0;
  double first_ = 0;
  double last_ = 0;
};

std::string text_at(double x, double y, const std::string& anchor,
                    const std::string& text) {
  return "<text x='" + number(x) + "' y='" + number(y) + "' text-anchor='"
         + anchor + "'>" + text + "</text>\n";
}

std::string line_from(double x1, double y1, double x2, double y2,
                      const std::string& colour) {
  return "<line x1='" + number(x1) + "' y1='" + number(y1) + "' x2='"
         + number(x2) + "' y2='" + number(y2) + "' stroke='" + colour + "'/>\n";
}

std::string axes(const plot& of, const frame& page) {
  std::string result;
  for (auto at : page.ticks_up()) {
    result += line_from(left, page.y(at), width - right, page.y(at), "#e4e4e4");
    result += text_at(left - 8, page.y(at) + 4, "end", number(at));
  }
  for (auto at : page.ticks_across())
    result += text_at(page.x(at), height - bottom + 18, "middle", number(at));
  result +=
    line_from(left, height - bottom, width - right, height - bottom, "#444");
  result +=
    text_at((left + width - right) / 2, height - 12, "middle", of.across);
  result += text_at(left, top - 10, "start", of.upward);
  result += "<text x='" + number(width / 2) + "' y='20' text-anchor='middle' "
            + "font-size='15'>" + of.title + "</text>\n";
  return result;
}

std::string path_of(const plotted_line& line, const frame& page) {
  std::string points;
  double before = 0;
  for (auto& [x, y] : line.points) {
    if (line.steps && !points.empty())
      points += number(page.x(x)) + "," + number(before) + " ";
    before = page.y(y);
    points += number(page.x(x)) + "," + number(before) + " ";
  }
  return "<polyline fill='none' stroke-width='1.5' stroke='" + line.colour
         + "' points='" + points + "'/>\n";
}

} // namespace

void plot::write(const std::filesystem::path& file) const {
  frame page{*this};
  std::string result = "<svg xmlns='http://www.w3.org/2000/svg' width='"
                       + number(width) + "' height='" + number(height)
                       + "' font-family='sans-serif' font-size='12'>\n"
                       + "<rect width='100%' height='100%' fill='white'/>\n"
                       + axes(*this, page);
  for (auto& moment : moments) {
    auto x = page.x(moment.at);
    result += line_from(x, top, x, height - bottom, "#999");
    result += text_at(x + 4, top + 12, "start", moment.name);
  }
  // The legend stands above the lines, from right to left.
  auto legend = width - right;
  for (auto& line : lines) {
    result += path_of(line, page);
    result += text_at(legend, top - 10, "end", line.name);
    legend -= 7 * static_cast<double>(line.name.size()) + 26;
    result += line_from(legend, top - 14, legend + 20, top - 14, line.colour);
    legend -= 12;
  }
  result += "</svg>\n";
  std::ofstream out{file};
  out << result << std::flush;
  if (!out)
    throw std::runtime_error{"cannot write " + file.string()
                             + "; name another folder with --plots"};
}

} // namespace braid
