// Statements by date of the document that states them, the newest first
// For Ladybug, whose lists begin at 1
MATCH (subject:Entity)-[fact]->(object:Entity)
UNWIND range(1, size(fact.dates)) AS i
WITH fact.dates[i] AS date, subject, fact, object, fact.documents[i] AS document
WHERE date <> ''
RETURN DISTINCT date, subject.id AS subject, subject.name AS subjectName, fact.predicate AS predicate, object.id AS object,
  object.name AS objectName, document
ORDER BY date DESC, subject, predicate, object, document
