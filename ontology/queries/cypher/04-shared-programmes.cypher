// Programmes shared by several bodies
MATCH (body:Entity)-[:IMPLEMENTS]->(programme:Entity)
WITH programme.id AS programme, programme.name AS programmeName, count(DISTINCT body) AS bodies
WHERE bodies > 1
RETURN programme, programmeName, bodies
ORDER BY bodies DESC, programme
