// Partner bodies outside the owner's group: a group is a body that is part of no other, with everything below it
MATCH (body:Entity)-[:PAIRS_WITH|COLLABORATES_WITH]-(partner:Entity)
MATCH (body)-[:PART_OF*0..]->(owner:Entity)
WHERE EXISTS { MATCH (:Entity)-[:PART_OF]->(owner) } AND NOT EXISTS { MATCH (owner)-[:PART_OF]->(:Entity) }
  AND partner.id <> owner.id AND NOT EXISTS { MATCH (partner)-[:PART_OF*1..]->(owner) }
RETURN DISTINCT owner.id AS owner, owner.name AS ownerName, body.id AS body, body.name AS bodyName, partner.id AS partner,
  partner.name AS partnerName
UNION
MATCH (body:Entity)-[:CO_BUILDS]->(:Entity)<-[:CO_BUILDS]-(partner:Entity)
MATCH (body)-[:PART_OF*0..]->(owner:Entity)
WHERE EXISTS { MATCH (:Entity)-[:PART_OF]->(owner) } AND NOT EXISTS { MATCH (owner)-[:PART_OF]->(:Entity) }
  AND body.id <> partner.id AND partner.id <> owner.id AND NOT EXISTS { MATCH (partner)-[:PART_OF*1..]->(owner) }
RETURN DISTINCT owner.id AS owner, owner.name AS ownerName, body.id AS body, body.name AS bodyName, partner.id AS partner,
  partner.name AS partnerName
