// Which bodies implement a programme
MATCH (body:Entity)-[:IMPLEMENTS]->(programme:Entity)
RETURN DISTINCT programme.id AS programme, programme.name AS programmeName, body.id AS body, body.name AS bodyName
ORDER BY programme, body
