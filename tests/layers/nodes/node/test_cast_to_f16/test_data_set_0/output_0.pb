
Bout0JäµRAçÀùÅLÇDÄíÅvµ®FËCWÅ-ÈÈÇ ¼éÀ