// Who established what
MATCH (body:Entity)-[:ESTABLISHES]->(thing:Entity)
RETURN DISTINCT body.id AS body, body.name AS bodyName, thing.id AS thing, thing.name AS thingName
ORDER BY body, thing
