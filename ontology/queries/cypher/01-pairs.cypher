// Who pairs with whom, from both sides
MATCH (body:Entity)-[:PAIRS_WITH]-(partner:Entity)
RETURN DISTINCT body.id AS body, body.name AS bodyName, partner.id AS partner, partner.name AS partnerName
ORDER BY body, partner
