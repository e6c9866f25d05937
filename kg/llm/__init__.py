"""Language models as extractors, held to the same evidence: they quote, and what they quote is looked up in the text.

``prompt`` → ``windows`` → ``wire`` (``budget``, ``cache``) → ``answer`` → ``ground`` (``locate``) → ``merge`` → annotation;
``hybrid`` joins two opinions, ``run`` is that sentence for many documents, ``distil`` makes training candidates of it.
"""
