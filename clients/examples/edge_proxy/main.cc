#include <CLI/CLI.hpp>
#include <iostream>

#include "clients/examples/edge_proxy/edge_proxy.h"

namespace {

using flowbroker::edge_proxy::Place;

std::vector<Place> PlacesOf(const std::vector<std::string>& listeners) {
  std::vector<Place> places;
  for (const std::string& listener : listeners) {
    if (auto place = Place::Parse(listener)) places.push_back(std::move(*place));
  }
  return places;
}

}  // namespace

int main(int argc, char** argv) {
  std::string broker;
  std::vector<std::string> edge;
  std::vector<std::string> core;
  flowbroker::edge_proxy::Options options;
  CLI::App app("A SIP edge proxy on flowbroker; README.md tells more.");
  const auto listener = CLI::Validator(
      [](const std::string& text) { return Place::Parse(text) ? "" : "not tcp:ADDRESS:PORT, tls: or udp:"; }, "");
  app.add_option("--broker", broker, "unix:PATH or HOST:PORT of flowbrokerd");
  app.add_option("--edge", edge, "listener of the broker where user agents come in")->required()->check(listener);
  app.add_option("--core", core, "listener of the broker that the registrar alone can reach")
      ->required()
      ->check(listener);
  app.add_option("--registrar", options.registrar, "SIP URI: where requests of user agents go")->required();
  app.add_option("--group", options.client_group, "the broker's edge-client-group")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  options.places = {.edge = PlacesOf(edge), .core = PlacesOf(core)};

  flowbroker::client::Client client({.address = broker});
  std::cout << "edge proxy on " << client.address() << "\n" << std::flush;
  flowbroker::edge_proxy::EdgeProxy(client, std::move(options)).Run();
}
