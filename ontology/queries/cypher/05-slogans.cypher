// Slogans and who upholds them
MATCH (who:Entity)-[:UPHOLDS]->(slogan:Entity)
RETURN DISTINCT slogan.id AS slogan, slogan.name AS sloganName, who.id AS who, who.name AS whoName
ORDER BY slogan, who
