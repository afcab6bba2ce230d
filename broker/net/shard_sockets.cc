#include "broker/net/shard_sockets.h"

#include <utility>

#include "broker/net/datagram_connection.h"
#include "broker/net/stream_connection.h"

namespace flowbroker::net {
std::shared_ptr<Connection> Connect(ShardSockets& sockets, flow::ConnectionId id, const ConnectSpec& spec) {
  if (!IsConnectionOriented(spec.target.transport)) {
    auto connection = std::make_shared<DatagramConnection>(sockets, id);
    connection->Start(spec);
    return connection;
  }
  auto connection = std::make_shared<StreamConnection>(sockets, id, sockets.framing);
  connection->Start(spec);
  return connection;
}

std::shared_ptr<Connection> Adopt(ShardSockets& sockets, flow::ConnectionId id, AcceptedSocket accepted,
                                  Transport transport) {
  auto connection = std::make_shared<StreamConnection>(sockets, id, sockets.accepted_framing);
  connection->Adopt(std::move(accepted), transport);
  return connection;
}

}  // namespace flowbroker::net
