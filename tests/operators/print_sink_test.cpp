// What is printed, and when.
#include "tests/operators/sink_fixture.hpp"

#include "operators/print_sink.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace braid;

namespace {

/// A stream that only reaches memory when it is flushed.
class memory_stream {
public:
  memory_stream() : file_(open_memstream(&data_, &size_)) {}

  ~memory_stream() {
    std::fclose(file_);
    std::free(data_);
  }

  std::FILE* file() const {
    return file_;
  }

  std::string text() const {
    return {data_, size_};
  }

private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

} // namespace

TEST_CASE("lines are printed whole when their epoch is complete") {
  memory_stream out;
  sink_fixture<int> sink{print(as_words{}, out.file())};
  sink.write(0, {1, 2});
  std::fflush(out.file());
  CHECK(out.text().empty());
  sink.commit();
  CHECK(out.text() == "1\n2\n");
  sink.commit();
  CHECK(out.text() == "1\n2\n");
}

TEST_CASE("a print sink has one slice and takes any format") {
  memory_stream out;
  auto to =
    print([](int x) { return "<" + std::to_string(x) + ">"; }, out.file());
  CHECK(to.slices() == 1);
  sink_fixture<int> sink{to};
  sink.write(0, {3});
  sink.commit();
  CHECK(out.text() == "<3>\n");
}

TEST_CASE("a stream that takes no more is an error") {
  auto* full = std::fopen("/dev/full", "w");
  REQUIRE(full != nullptr);
  sink_fixture<int> sink{print(as_words{}, full)};
  sink.write(0, {3});
  CHECK_THROWS_WITH(sink.commit(), "cannot print: No space left on device");
  std::fclose(full);
}
