// Bodies without any stated act: pairing and collaboration count for both sides
MATCH (body:Entity)
WHERE body.type = 'Organization'
  AND NOT EXISTS { MATCH (body)-[:CO_BUILDS|IMPLEMENTS|ESTABLISHES|ORGANIZES|PARTICIPATES_IN|ISSUES|UPHOLDS|GUIDES|SUPPORTS]->(:Entity) }
  AND NOT EXISTS { MATCH (body)-[:PAIRS_WITH|COLLABORATES_WITH]-(:Entity) }
RETURN DISTINCT body.id AS body, body.name AS bodyName
ORDER BY body
