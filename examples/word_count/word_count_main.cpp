// Word count in one process:
//   word_count --input FILE... --output DIR
#include "tools/embedded_node.hpp"

int main(int argc, char** argv) {
  braid::embedded_node node{argc, argv, braid::topologies_here()};
  return node.run("word_count");
}
