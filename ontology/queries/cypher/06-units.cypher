// All units of a body
MATCH (unit:Entity)-[:PART_OF*1..]->(body:Entity)
WHERE unit.type = 'Organization'
RETURN DISTINCT body.id AS body, body.name AS bodyName, unit.id AS unit, unit.name AS unitName
ORDER BY body, unit
