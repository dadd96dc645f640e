-- Rows of 16 to 64 KiB: two thirds of the transactions replace a document's body, one third adds a document.
-- The bodies are words of a small alphabet, so that they compress as text does, to about half.
if sysbench.cmdline.command == nil then
  error("a command is required: prepare, run, cleanup")
end
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "connection.lua")
drops_tables("document")

sysbench.cmdline.options = {documents = {"documents there are at the start", 400}}

local function body()
  local words = {}
  for i = 1, sysbench.rand.uniform(40, 160) do
    words[i] = sysbench.rand.string(string.rep("@@@@@@@ ", 50))
  end
  return table.concat(words)
end

function prepare()
  local connection = sysbench.sql.driver():connect()
  connection:query([[CREATE TABLE document (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    version INT NOT NULL, body MEDIUMTEXT CHARACTER SET latin1 NOT NULL) ENGINE=InnoDB]])
  for _ = 1, sysbench.opt.documents do
    connection:query("INSERT INTO document (version, body) VALUES (1, '" .. body() .. "')")
  end
end

function event()
  if sysbench.rand.uniform(1, 3) == 1 then
    connection:query("INSERT INTO document (version, body) VALUES (1, '" .. body() .. "')")
  else
    connection:query("UPDATE document SET version = version + 1, body = '" .. body() .. "' WHERE id = "
      .. sysbench.rand.uniform(1, sysbench.opt.documents))
  end
end
