Bout2JC
W?U¨h¿/.¬¾I¯>