// All units of a body
MATCH (unit:Organization)-[:PART_OF*1..]->(body:Entity)
RETURN DISTINCT body.id AS body, body.name AS bodyName, unit.id AS unit, unit.name AS unitName
ORDER BY body, unit
