// Bodies without any stated act: pairing and collaboration count for both sides
MATCH (body:Organization)
WHERE NOT (body)-[:PAIRS_WITH|COLLABORATES_WITH|CO_BUILDS|IMPLEMENTS|ESTABLISHES|ORGANIZES|PARTICIPATES_IN|ISSUES|UPHOLDS|GUIDES|SUPPORTS]->()
  AND NOT ()-[:PAIRS_WITH|COLLABORATES_WITH]->(body)
RETURN DISTINCT body.id AS body, body.name AS bodyName
ORDER BY body
