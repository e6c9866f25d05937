#!/usr/bin/env bash
# A real SPARQL server that nobody here wrote: Virtuoso 7 from Debian (apt-get install virtuoso-opensource).
#   virtuoso.sh serve DIR SQL_PORT HTTP_PORT      its own database in DIR, in the foreground until it is killed; ready in about 10 s
#   virtuoso.sh load DIR SQL_PORT FILE            bulk-loads DIR/FILE (Turtle) into the graph http://kg.test/
set -euo pipefail
dir=$(mkdir -p "$2" && cd "$2" && pwd)
case $1 in
  serve)
    sed -e "s|/var/lib/virtuoso-opensource-7/db|$dir|g; s|/var/lib/virtuoso-opensource-7/vsp|$dir|; s|^DirsAllowed.*|DirsAllowed = ., $dir|" \
      -e "s|^ServerPort *= 1111|ServerPort = 127.0.0.1:$3|; s|^ServerPort *= 8890|ServerPort = 127.0.0.1:$4|" \
      /etc/virtuoso-opensource-7/virtuoso.ini > "$dir/virtuoso.ini"
    cd "$dir"; exec virtuoso-t +configfile "$dir/virtuoso.ini" +foreground ;;
  load)
    printf "delete from DB.DBA.load_list;\nld_dir('%s','%s','http://kg.test/');\nrdf_loader_run();\ncheckpoint;\nselect ll_file, ll_state, ll_error from DB.DBA.load_list;\n" "$dir" "$4" > "$dir/load.sql"
    isql-vt "127.0.0.1:$3" dba dba "$dir/load.sql" ;;
esac
