// What is stated in which sentence of which document; start is the offset of the sentence, in code points from 0
// For Ladybug, whose lists begin at 1
MATCH (subject:Entity)-[fact]->(object:Entity)
UNWIND range(1, size(fact.quotes)) AS i
RETURN DISTINCT fact.documents[i] AS document, fact.start_offsets[i] AS start, subject.id AS subject, subject.name AS subjectName,
  fact.predicate AS predicate, object.id AS object, object.name AS objectName, fact.quotes[i] AS sentence
ORDER BY document, start, subject, predicate, object
