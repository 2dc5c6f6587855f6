// A program that embeds a node and does not end by itself.
#include "tools/embedded_node.hpp"

int main(int argc, char** argv) {
  braid::embedded_node node{argc, argv, braid::topologies_here()};
  return node.run("endless");
}
