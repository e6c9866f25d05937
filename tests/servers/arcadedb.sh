#!/usr/bin/env bash
# A real graph database with the Neo4j Bolt protocol: ArcadeDB on the Java runtime inside `pip install arcadedb-embedded`.
#   arcadedb.sh DATA_DIR BOLT_PORT HTTP_PORT PYTHON     serves until it is killed; user root, password playwithdata1, database kg
# The neo4j Python driver connects (it says "Neo4j/5.26.0 compatible"). It is not proof of Neo4j itself.
set -euo pipefail
data=$(mkdir -p "$1" && cd "$1" && pwd); bolt=$2; http=$3; python=$4
home=$("$python" -c 'import arcadedb_embedded, os; print(os.path.dirname(arcadedb_embedded.__file__))')
cd "$data"
exec "$home/jre/bin/java" -Xmx1g --add-exports java.management/sun.management=ALL-UNNAMED --enable-native-access=ALL-UNNAMED -cp "$home/jars/*" \
  -Darcadedb.server.rootPath="$data" -Darcadedb.server.rootPassword=playwithdata1 -Darcadedb.server.httpIncomingHost=127.0.0.1 \
  -Darcadedb.server.httpIncomingPort="$http" -Darcadedb.bolt.host=127.0.0.1 -Darcadedb.bolt.port="$bolt" \
  "-Darcadedb.server.defaultDatabases=kg[root]" \
  "-Darcadedb.server.plugins=Bolt:com.arcadedb.bolt.BoltProtocolPlugin" com.arcadedb.server.ArcadeDBServer
