// Partner bodies outside the owner's group: a group is a body that is part of no other, with everything below it
MATCH (body:Entity)-[:PAIRS_WITH|COLLABORATES_WITH]-(partner:Entity)
WITH collect(DISTINCT [body, partner]) AS linked
OPTIONAL MATCH (b:Entity)-[:CO_BUILDS]->(:Entity)<-[:CO_BUILDS]-(p:Entity)
WITH linked, collect(DISTINCT [b, p]) AS together
UNWIND linked + together AS pair
WITH DISTINCT pair[0] AS body, pair[1] AS partner
WHERE body IS NOT NULL AND partner IS NOT NULL AND body <> partner
MATCH (body)-[:PART_OF*0..]->(owner:Entity)
WHERE ()-[:PART_OF]->(owner) AND NOT (owner)-[:PART_OF]->() AND partner <> owner
OPTIONAL MATCH (partner)-[:PART_OF*1..]->(above:Entity)
WITH owner, body, partner, collect(above.id) AS chain
WHERE NOT owner.id IN chain
RETURN DISTINCT owner.id AS owner, owner.name AS ownerName, body.id AS body, body.name AS bodyName, partner.id AS partner,
  partner.name AS partnerName
ORDER BY owner, body, partner
